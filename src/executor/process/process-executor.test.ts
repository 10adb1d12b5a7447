import { executorContract } from '../../../test/contract/executor.contract.ts';
import { processHarness } from '../../../test/support/process-harness.ts';

for (const rung of ['cgroup', 'subreaper', 'process-group'] as const) {
  executorContract(`process executor, ${rung}`, () => processHarness(rung));
}
executorContract('process executor, portable', () => processHarness('process-group', true));
