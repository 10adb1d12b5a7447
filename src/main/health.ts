import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../base/diagnostic.ts';
import { StorageError } from '../cache/contract.ts';
import type { SandboxHealth, StorageHealth } from '../cli/ports.ts';
import { machineClock } from '../machine/clock.ts';
import { openKeeping } from './rooms.ts';

/** Opens a sandbox in a folder of its own and tries the ways out of it. `path`: where programs are looked for. */
export async function sandboxHealth(path: string): Promise<SandboxHealth> {
  const { sandboxSelfTest } = await import('../executor/sandbox/sandbox-executor.ts');
  const folder = await mkdtemp(join(tmpdir(), 'sluice-'));
  try {
    const verdicts = await sandboxSelfTest({
      directory: join(folder, 'sandbox'),
      clock: machineClock,
      path,
      anew: true,
    });
    const leaks = verdicts.filter(({ denied }) => !denied).map(({ probe, reason }) => `${probe}: ${reason}`);
    return { probes: verdicts.length, leaks, why: null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { probes: 0, leaks: [], why: error.message };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Opens what is kept and counts it. `directory`: Sluice's data folder. */
export async function storageHealth(
  directory: string,
  environment: NodeJS.ProcessEnv,
): Promise<StorageHealth> {
  const path = join(directory, 'storage');
  try {
    const { storage, close } = await openKeeping(directory, environment, () => {});
    let bytes = 0;
    for await (const { storedBytes } of storage.blobs.list()) bytes += storedBytes;
    await close();
    const { bavail, bsize } = await statfs(path);
    return { path, bytes, freeBytes: bavail * bsize, why: null };
  } catch (error) {
    if (!(error instanceof StorageError || error instanceof UserError)) throw error;
    return { path, bytes: 0, freeBytes: 0, why: error.message };
  }
}
