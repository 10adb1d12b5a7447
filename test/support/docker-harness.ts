import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Confinement, Executor } from '../../src/executor/contract.ts';
import { openDockerExecutor } from '../../src/executor/docker/docker-executor.ts';
import { machineClock } from '../../src/machine/clock.ts';
import { machineOwners } from '../../src/machine/owners.ts';
import { collect, type ExecutorHarness } from '../contract/executor.contract.ts';
import { IMAGE, type TestEngine } from './docker-engine.ts';
import { shellOf } from './process-harness.ts';
import { confinedTo, confining } from './sandbox-harness.ts';

const OWNER = fileURLToPath(new URL('./docker-owner.ts', import.meta.url));

/** A confinement with the test's image that allows this folder. */
export function containedIn(folder: string, parts: Partial<Confinement> = {}): Confinement {
  const container = { image: IMAGE, environment: {}, ports: [], volumes: [], user: null };
  return confinedTo(folder, { container, ...parts });
}

export function openTestExecutor(
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Executor> {
  const owners = machineOwners();
  return openDockerExecutor({ directory, clock: machineClock, owners, environment, requireSound: true });
}

/** The suite's steps in containers that show one folder. */
export async function dockerHarness(engine: TestEngine): Promise<ExecutorHarness> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-docker-job-')));
  const work = join(folder, 'work');
  mkdirSync(work);
  const directory = join(folder, 'docker');
  const gate = join(work, 'gate');
  const opened: Executor[] = [];
  return {
    open: async () => {
      const executor = confining(await openTestExecutor(directory, engine.environment), containedIn(work));
      opened.push(executor);
      return executor;
    },
    command: (acts) => ['sh', '-c', acts.map((act) => shellOf(act, gate)).join('\n')],
    missingProgram: ['/no/such/program'],
    openGate: () => writeFileSync(gate, ''),
    startAndCrash: async (jobKey, step, until) => {
      const owner = spawn(process.execPath, [OWNER, directory, work, jobKey, JSON.stringify(step)], {
        env: engine.environment,
      });
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
    },
    dispose: async () => {
      const last = await openTestExecutor(directory, engine.environment);
      for (const group of last.groups()) await last.sweepGroup(group);
      await last.shutdown();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
