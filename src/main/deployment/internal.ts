import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { UserError } from '../../base/diagnostic.ts';
import type { KeptRooms } from '../../client/kept.ts';
import { DeploymentController } from '../../controller/deployment/deployment-controller.ts';
import { runProxy } from '../../delivery/router/proxy/proxy.ts';
import { machineClock } from '../../machine/clock.ts';
import { Ballast } from '../../machine/disk/ballast.ts';
import { machineOwners } from '../../machine/owners.ts';
import { machineRandom } from '../../machine/random.ts';
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts';
import { openPlaces } from './places.ts';
import { NOTHING_TO_DRIVE } from './supervisor.ts';

/**
 * What Sluice starts of itself: `internal proxy FOLDER HOST PORT` and `internal supervise DEPLOYMENT`. Nobody types them. Resolves to the exit
 * code; what went wrong is written to standard error, which is a log file.
 */
export async function performInternal(words: readonly string[], directory: string): Promise<number> {
  const [what, ...rest] = words;
  const [folder, host, port] = rest;
  if (what === 'proxy' && folder !== undefined && host !== undefined && /^\d{1,5}$/.test(port ?? '')) {
    try {
      await runProxy(folder, { host, port: Number(port) });
      return 0;
    } catch (error) {
      // Whoever started it tells the last line.
      console.error((error as Error).message);
      return 3;
    }
  }
  if (what === 'supervise' && rest[0] !== undefined) return supervise(rest[0], directory);
  console.error(
    'error: `sluice internal` is what Sluice starts of itself; see sluice --help for what you can type',
  );
  return 2;
}

/** Drives a deployment to its end. A supervisor that finds another one at work ends in peace. */
async function supervise(deploymentId: string, directory: string): Promise<number> {
  // Whoever removed the data of a deployment does not want them back.
  if (!existsSync(directory)) return NOTHING_TO_DRIVE;
  // A terminal that is closed is no reason to stop.
  process.on('SIGHUP', () => {});
  const ballast = new Ballast(directory);
  const store = await openSqliteStore(
    join(directory, 'store', 'journal.db'),
    { clock: machineClock },
    { makeRoom: () => ballast.release() },
  );
  const warn = (message: string) => console.error(`${new Date(machineClock.now()).toISOString()} ${message}`);
  // Only what is started anew is brought from the storage: whoever takes over seldom needs it.
  let kept = null as Promise<KeptRooms> | null;
  const openOnce = () =>
    (kept ??= import('../kept.ts').then(({ openKept }) => openKept(directory, process.env, warn)));
  const options = {
    directory,
    environment: process.env,
    journal: store.journal,
    artifacts: async () => (await openOnce()).artifacts,
  };
  const controller = new DeploymentController({
    store,
    clock: machineClock,
    random: machineRandom,
    owners: machineOwners(),
    open: (request) => openPlaces(options, request, { starts: true }),
  });
  try {
    const driven = await controller.resume(deploymentId);
    await driven.finished;
    // What others left behind and this one took over.
    await controller.idle();
    return 0;
  } catch (error) {
    if (error instanceof UserError && isOthersWork(error)) return 0;
    warn(error instanceof UserError ? error.message : ((error as Error).stack ?? String(error)));
    return error instanceof UserError && isUnknown(error) ? NOTHING_TO_DRIVE : 3;
  } finally {
    await (await kept?.catch(() => null))?.close();
    await store.close();
  }
}

function isUnknown({ diagnostics }: UserError): boolean {
  return diagnostics[0]?.code === 'deployment-unknown';
}

function isOthersWork({ diagnostics }: UserError): boolean {
  const code = diagnostics[0]?.code;
  return code === 'deployment-owned' || code === 'deployment-over';
}
