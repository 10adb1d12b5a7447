import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ArtifactStore } from '../../artifact/contract.ts';
import { userError } from '../../base/diagnostic.ts';
import { artifactOf } from '../../client/deployment/release.ts';
import type { ReleaseOrigin } from '../../delivery/definition.ts';
import type { Release } from '../../delivery/target/contract.ts';

/**
 * The content of a release on this machine: an image by digest, or a folder below `folder` with the artifact's files, whole or not at all.
 * Rejects with a `UserError` when the artifact is gone.
 */
export async function contentOf(
  origin: ReleaseOrigin,
  folder: string,
  artifacts: () => Promise<ArtifactStore>,
): Promise<Release['content']> {
  if (origin.kind === 'image') return { kind: 'image', image: `${origin.name}@${origin.digest}` };
  const whole = join(folder, origin.digest);
  if (!existsSync(whole)) {
    const store = await artifacts();
    const record = await artifactOf(store, origin);
    if (record === null)
      throw userError(
        'release-gone',
        `the artifact ${origin.name} ${origin.version} (${origin.digest.slice(0, 12)}) is not kept any more`,
        'build it again: sluice run',
      );
    const partial = `${whole}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true, mode: 0o700 });
    await store.download(record, partial, { trust: 'trusted', runId: null });
    renameSync(partial, whole);
  }
  return { kind: 'files', folder: whole };
}
