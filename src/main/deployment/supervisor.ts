import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { userError } from '../../base/diagnostic.ts';

/** What starts this program again, with the arguments put behind. */
export function ownCommand(): readonly string[] {
  return [process.execPath, process.argv[1]!];
}

/** Where the supervisor of a deployment writes what it cannot write into the journal. */
export function supervisorLog(directory: string, deploymentId: string): string {
  return join(directory, 'deployments', deploymentId, 'supervisor.log');
}

/** A supervisor ends with this when there is nothing to drive, now and later. */
export const NOTHING_TO_DRIVE = 2;

const GUARD = `n=0
until "$@"; do
  [ $? -ne ${NOTHING_TO_DRIVE} ] && [ "$n" -lt 180 ] || exit 3
  sleep $((n < 5 ? 1 << n : 20))
  n=$((n + 1))
done`;

/**
 * The command below a small shell that starts it again when it was killed, or could not write on a full disk: soon at first, then every
 * 20 s, for about an hour. So nobody has to type anything for a canary to be watched again.
 */
export function guarded(command: readonly string[]): readonly string[] {
  return ['/bin/sh', '-c', GUARD, 'sluice', ...command];
}

/**
 * Starts the process that drives a deployment to its end: in a session of its own, so that closing the terminal does not reach it. Two of them
 * for one deployment do no harm: the second finds the lease taken and ends. Rejects when it cannot be started.
 */
export async function startSupervisor(directory: string, deploymentId: string): Promise<void> {
  const log = supervisorLog(directory, deploymentId);
  mkdirSync(join(log, '..'), { recursive: true, mode: 0o700 });
  const output = openSync(log, 'a', 0o600);
  const [program, ...words] = guarded([...ownCommand(), 'internal', 'supervise', deploymentId]);
  const child = spawn(program!, words, {
    detached: true,
    stdio: ['ignore', output, output],
    cwd: '/',
    env: { ...process.env, SLUICE_HOME: directory },
  });
  closeSync(output);
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
  } catch (error) {
    throw userError(
      'supervisor-start',
      `the supervisor of deployment ${deploymentId} did not start: ${(error as Error).message}`,
      `it is accepted; any later command starts it: sluice deployment show ${deploymentId}`,
      3,
    );
  }
  child.unref();
}
