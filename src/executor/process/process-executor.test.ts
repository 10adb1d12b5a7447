import { executorContract } from '../../../test/contract/executor.contract.ts';
import { processHarness, rungCheck } from '../../../test/support/process-harness.ts';

for (const rung of ['cgroup', 'subreaper', 'process-group'] as const) {
  const needsRung = await rungCheck(rung);
  executorContract(`process executor, ${rung}`, (context) => {
    needsRung(context);
    return processHarness(rung);
  });
}
executorContract('process executor, portable', () => processHarness('process-group', true));
