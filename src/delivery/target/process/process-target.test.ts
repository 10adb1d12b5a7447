import { execFileSync } from 'node:child_process';

import { targetContract } from '../../../../test/contract/target.contract.ts';
import { processTargetHarness } from '../../../../test/support/host-target-harness.ts';
import { needs } from '../../../../test/support/require.ts';

const has = (program: string) => {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`]);
    return true;
  } catch {
    return false;
  }
};
const hasPerl = has('perl');
const hasBusybox = has('busybox');

targetContract('process target', (context, folder) => {
  needs(context, 'perl', hasPerl, 'apt-get install perl-base');
  needs(context, 'busybox', hasBusybox, 'apt-get install busybox-static');
  return processTargetHarness(folder);
});
