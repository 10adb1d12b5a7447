import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../base/diagnostic.ts';
import type { Executor, ServiceHost } from '../executor/contract.ts';
import { machineClock } from '../machine/clock.ts';
import { machineOwners } from '../machine/owners.ts';

/** Below the data folder. */
const FOLDER = 'docker';

/** Opens the executor for containers. `directory`: Sluice's data folder. */
export async function openContainers(
  directory: string,
  environment: NodeJS.ProcessEnv,
  requireSound: boolean,
): Promise<Executor> {
  const { openDockerExecutor } = await import('../executor/docker/docker-executor.ts');
  return openDockerExecutor({ ...options(directory, environment), requireSound });
}

/** Opens the host of service containers. */
export async function openServices(directory: string, environment: NodeJS.ProcessEnv): Promise<ServiceHost> {
  const { openServiceHost } = await import('../executor/docker/service-host.ts');
  return openServiceHost(options(directory, environment));
}

/** What runs containers here, for `sluice doctor`; else the sentence of what is wrong, with the way out. */
export async function engineState(
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly engine: string | null; readonly problem: string }> {
  const { openEngine } = await import('../executor/docker/docker-executor.ts');
  try {
    return { engine: (await openEngine(environment)).engine.name, problem: '' };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { message, suggestion } = error.diagnostics[0]!;
    return { engine: null, problem: suggestion ? `${message}; ${suggestion}` : message };
  }
}

/** Whether an earlier owner may have left a container. */
export function mayHaveContainers(directory: string): boolean {
  return ['jobs', 'services', 'lines'].some((name) => hasEntries(join(directory, FOLDER, name)));
}

/**
 * The executor as a sweeper of what is left; none when there is no engine now: then none of its containers runs, and what is known of
 * them stays for another time.
 */
export async function sweeperOf(executor: Promise<Executor>): Promise<readonly Executor[]> {
  try {
    return [await executor];
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

function options(directory: string, environment: NodeJS.ProcessEnv) {
  return { directory: join(directory, FOLDER), clock: machineClock, owners: machineOwners(), environment };
}

function hasEntries(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0;
  } catch {
    return false;
  }
}
