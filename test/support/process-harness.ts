import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { StepSpec } from '../../src/executor/contract.ts';
import { openProcessExecutor, type ProcessRung } from '../../src/executor/process/process-executor.ts';
import { machineClock } from '../../src/machine/clock.ts';
import { type Act, collect, type ExecutorHarness } from '../contract/executor.contract.ts';
import { needs } from './require.ts';

const OWNER = fileURLToPath(new URL('./step-owner.ts', import.meta.url));

const WAY_OUT: Readonly<Record<ProcessRung, string>> = {
  cgroup: 'run where a cgroup v2 hierarchy is writable, for example as root or in a delegated systemd scope',
  subreaper: 'run on Linux on x86_64 or arm64',
  'process-group': 'apt-get install perl-base',
};

/** Whether processes can be killed that way on this machine, found by doing it: a function that skips a test when not. */
export async function rungCheck(rung: ProcessRung) {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-rung-'));
  const executor = await openProcessExecutor({ directory, clock: machineClock, rung }).catch(() => null);
  await executor?.shutdown();
  rmSync(directory, { recursive: true });
  return (context: { skip(note: string): void }) =>
    needs(context, `process killing by ${rung}`, executor !== null, WAY_OUT[rung]);
}

/** The suite's steps as real processes at one rung of the ladder. */
export async function processHarness(rung: ProcessRung, portable = false): Promise<ExecutorHarness> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-executor-'));
  const directory = join(folder, 'steps');
  const gate = join(folder, 'gate');
  return {
    open: () => openProcessExecutor({ directory, clock: machineClock, rung, portable }),
    command: (acts) => ['sh', '-c', acts.map((act) => shellOf(act, gate)).join('\n')],
    missingProgram: ['/no/such/program'],
    openGate: () => writeFileSync(gate, ''),
    startAndCrash: (jobKey, step, until) => crashOwner(directory, rung, jobKey, step, until),
    dispose: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Another process starts the step, in a sandbox that shows `sandboxFolder` when there is one, and is killed once it has handed on `until`. Returns what it handed on. */
export async function crashOwner(
  directory: string,
  rung: string,
  jobKey: string,
  step: Omit<StepSpec, 'onOutput'>,
  until: string,
  sandboxFolder = '',
): Promise<string> {
  const owner = spawn(process.execPath, [
    OWNER,
    directory,
    rung,
    jobKey,
    JSON.stringify(step),
    sandboxFolder,
  ]);
  const output = collect();
  const errors = collect();
  owner.stdout.on('data', output.sink);
  owner.stderr.on('data', errors.sink);
  const gone = once(owner, 'close');
  await Promise.race([output.until(until), gone]);
  if (!output.text().includes(until)) throw new Error(`the owner ended by itself: ${errors.text()}`);
  owner.kill('SIGKILL');
  await gone;
  return output.text();
}

/** The act as a line of shell. */
export function shellOf(act: Act, gate: string): string {
  if (act === 'wait') return `while [ ! -e ${gate} ]; do sleep 0.02; done`;
  if (act === 'hang') return 'exec sleep 1000';
  if (act === 'ignore-term') return `trap '' TERM INT`;
  if (act === 'leave-one') return 'sleep 1000 &';
  if ('print' in act) return `printf %s '${act.print}'`;
  return 'exit' in act ? `exit ${act.exit}` : `kill -SEGV $$`;
}
