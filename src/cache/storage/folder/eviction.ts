import type { Digest } from '../../../base/digest.ts';
import type { CollectLimits } from '../../contract.ts';

interface CachedReference {
  readonly name: string;
  readonly usedAtMs: number;
  readonly blobs: readonly Digest[];
}

/**
 * Names of the references that must go: those not used for too long, and then the longest unused until what the others keep
 * fits. A blob that several keep counts once.
 */
export function overLimit(
  references: readonly CachedReference[],
  limits: CollectLimits,
  storedBytes: ReadonlyMap<Digest, number>,
  nowMs: number,
): ReadonlySet<string> {
  const over = new Set<string>();
  const counted = new Set<Digest>();
  let bytes = 0;
  for (const { name, usedAtMs, blobs } of references.toSorted((a, b) => b.usedAtMs - a.usedAtMs)) {
    for (const digest of blobs) {
      if (counted.has(digest)) continue;
      counted.add(digest);
      bytes += storedBytes.get(digest) ?? 0;
    }
    if (bytes > limits.cacheBytesMax || nowMs - usedAtMs > limits.cacheAgeMaxMs) over.add(name);
  }
  return over;
}
