import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Confinement, Executor } from '../../src/executor/contract.ts';
import type { ProcessRung } from '../../src/executor/process/process-executor.ts';
import { openSandboxExecutor } from '../../src/executor/sandbox/sandbox-executor.ts';
import { machineClock } from '../../src/machine/clock.ts';
import type { ExecutorHarness } from '../contract/executor.contract.ts';
import { crashOwner, shellOf } from './process-harness.ts';
import { needs } from './require.ts';

export const PATH = '/usr/local/bin:/usr/bin:/bin';

/** Skips the test where there is no bubblewrap or it cannot make a sandbox. */
export function needsSandbox(context: { skip(note: string): void }): void {
  needs(
    context,
    'bubblewrap',
    sandboxWorks(),
    'apt-get install bubblewrap, on a machine with user namespaces',
  );
}

let works: boolean | undefined;

function sandboxWorks(): boolean {
  if (works === undefined) {
    try {
      execFileSync('bwrap', ['--unshare-all', '--ro-bind', '/', '/', 'true'], { stdio: 'ignore' });
      works = true;
    } catch {
      works = false;
    }
  }
  return works;
}

/** A confinement that allows this folder and nothing else. */
export function confinedTo(folder: string, parts: Partial<Confinement> = {}): Confinement {
  return {
    writable: [folder],
    readable: [],
    network: 'none',
    limits: { cpus: null, memoryBytes: null, processesMax: null, diskBytes: null },
    container: null,
    ...parts,
  };
}

/** The executor, with this confinement for jobs that say none. */
export function confining(executor: Executor, confinement: Confinement): Executor {
  return { ...executor, openJob: (spec) => executor.openJob({ confinement, ...spec }) };
}

/** The suite's steps in sandboxes that show one folder. */
export async function sandboxHarness(rung: ProcessRung): Promise<ExecutorHarness> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-sandbox-')));
  const work = join(folder, 'work');
  mkdirSync(work);
  const directory = join(folder, 'steps');
  const gate = join(work, 'gate');
  const confinement = confinedTo(work);
  return {
    open: async () =>
      confining(
        await openSandboxExecutor({ directory, clock: machineClock, path: PATH, requireSound: false, rung }),
        confinement,
      ),
    command: (acts) => ['sh', '-c', acts.map((act) => shellOf(act, gate)).join('\n')],
    missingProgram: ['/no/such/program'],
    openGate: () => writeFileSync(gate, ''),
    startAndCrash: (jobKey, step, until) => crashOwner(directory, rung, jobKey, step, until, work),
    dispose: async () => rmSync(folder, { recursive: true, force: true }),
  };
}
