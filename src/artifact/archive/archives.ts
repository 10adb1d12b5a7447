import type { Random } from '../../base/port.ts';
import type { Archives } from '../contract.ts';
import type { ArchiveLimits } from './judge.ts';
import { unpackArchive } from './unpack.ts';

const LIMITS: ArchiveLimits = { entriesMax: 200_000, bytesMax: 16 * 1024 ** 3, ratioMax: 200 };

/** Archives of this machine. `limits`: how much is taken of one. */
export function archives({
  random,
  limits = LIMITS,
}: {
  readonly random: Random;
  readonly limits?: ArchiveLimits;
}): Archives {
  return {
    unpack: (file, target) => unpackArchive(file, target, limits),
    pack: async (file, entries) => (await import('./pack.ts')).packArchive(file, entries, random),
  };
}
