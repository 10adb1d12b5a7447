import type { TargetSamples } from '../contract.ts';
import type { Sight, Use } from './look.ts';

/** More readings than this say nothing new. */
const READINGS_MAX = 1000;

/** Counts of probes and readings of resources, by digest, until somebody takes them. */
export class Tally {
  readonly #digests = new Map<string, Counts>();

  take(digest: string, isGood: boolean): void {
    const { health } = this.#of(digest);
    health.taken++;
    if (!isGood) health.bad++;
  }

  /** The processor's share needs two looks at an instance. */
  read(sights: readonly Sight[]): void {
    for (const { instance, use } of sights) {
      if (use === null) continue;
      const { resources, before } = this.#of(instance.digest);
      push(resources, Math.max(memoryShare(use), processorShare(before.get(instance.id), use)));
      before.set(instance.id, use);
    }
  }

  /** Takes a reading that somebody else has made of an instance: the larger of processor and memory, 0 to 1. */
  takeReading(digest: string, share: number): void {
    push(this.#of(digest).resources, share);
  }

  /** What came since the last call. */
  collect(digest: string): TargetSamples {
    const counts = this.#of(digest);
    const { health, resources } = counts;
    counts.health = { taken: 0, bad: 0 };
    counts.resources = [];
    return { health, resources };
  }

  #of(digest: string): Counts {
    let counts = this.#digests.get(digest);
    if (counts === undefined) {
      counts = { health: { taken: 0, bad: 0 }, resources: [], before: new Map() };
      this.#digests.set(digest, counts);
    }
    return counts;
  }
}

interface Counts {
  health: { taken: number; bad: number };
  resources: number[];
  readonly before: Map<string, Use>;
}

function push(resources: number[], share: number): void {
  resources.push(share);
  if (resources.length > READINGS_MAX) resources.shift();
}

function memoryShare({ memoryBytes, memoryMaxBytes }: Use): number {
  return memoryMaxBytes > 0 ? Math.min(1, memoryBytes / memoryMaxBytes) : 0;
}

function processorShare(before: Use | undefined, use: Use): number {
  const seconds = before === undefined ? 0 : (use.atMs - before.atMs) / 1000;
  if (seconds <= 0) return 0;
  // Less than before: it was started again.
  const used = Math.max(0, use.processorSeconds - before!.processorSeconds);
  return Math.min(1, used / seconds / use.processors);
}
