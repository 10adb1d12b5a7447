import { targetContract } from '../../../../test/contract/target.contract.ts';
import { sshTargetHarness } from '../../../../test/support/host-target-harness.ts';
import { needs } from '../../../../test/support/require.ts';
import { missingForSshd } from '../../../../test/support/sshd.ts';

const missing = missingForSshd();

targetContract('ssh target', (context, folder) => {
  needs(context, 'an SSH server', missing === null, missing ?? '');
  return sshTargetHarness(folder);
});
