import { executorContract } from '../../../test/contract/executor.contract.ts';
import { rungCheck } from '../../../test/support/process-harness.ts';
import { needsSandbox, sandboxHarness } from '../../../test/support/sandbox-harness.ts';

for (const rung of ['cgroup', 'subreaper'] as const) {
  const needsRung = await rungCheck(rung);
  executorContract(`sandbox executor, ${rung}`, (context) => {
    needsRung(context);
    needsSandbox(context);
    return sandboxHarness(rung);
  });
}
