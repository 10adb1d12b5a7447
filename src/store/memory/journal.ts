import { Buffer } from 'node:buffer';
import type { NewEvent, StoredEvent } from '../../journal/event.ts';
import { CHAIN_START, checkpointHash, checkStreamName, eventHash, eventText, storedEvent } from '../chain.ts';
import { ConflictError, type Damage, DamageError, type Fence, type Journal } from '../contract.ts';
import type { MemoryLeases } from './leases.ts';

interface StoredText {
  readonly text: string;
  readonly hash: string;
}

interface Checkpoint {
  readonly heads: string;
  readonly hash: string;
}

/** The journal in memory. Events are kept as text, so that nobody can change one through an object it was given. */
export class MemoryJournal implements Journal {
  readonly #leases: MemoryLeases;
  readonly #streams = new Map<string, StoredText[]>();
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #checkpoints: Checkpoint[] = [];
  readonly #changed = new Set<string>();

  constructor(leases: MemoryLeases) {
    this.#leases = leases;
  }

  async append(stream: string, expectedSequence: number, events: readonly NewEvent[], fence?: Fence) {
    checkStreamName(stream);
    const texts = events.map(eventText);
    if (fence !== undefined) this.#leases.check(fence);
    const chain = this.#streams.get(stream) ?? [];
    if (chain.length !== expectedSequence) throw new ConflictError(stream, expectedSequence, chain.length);
    for (const text of texts) {
      const hash = eventHash(chain.at(-1)?.hash ?? CHAIN_START, stream, chain.length + 1, text);
      chain.push({ text, hash });
    }
    if (texts.length > 0) {
      this.#streams.set(stream, chain);
      this.#changed.add(stream);
      for (const callback of this.#watchers.get(stream) ?? []) queueMicrotask(callback);
    }
    return { sequence: chain.length };
  }

  async read(
    stream: string,
    afterSequence = 0,
    limit = Number.MAX_SAFE_INTEGER,
  ): Promise<readonly StoredEvent[]> {
    checkStreamName(stream);
    const chain = this.#streams.get(stream) ?? [];
    const events: StoredEvent[] = [];
    const end = Math.min(chain.length, afterSequence + limit);
    for (let i = afterSequence; i < end; i++) {
      const { text, hash } = chain[i]!;
      if (!verifies(chain, stream, i)) throw new DamageError([damaged(stream, i + 1)]);
      events.push(storedEvent(text, stream, i + 1, hash));
    }
    return events;
  }

  async head(stream: string): Promise<number> {
    checkStreamName(stream);
    return this.#streams.get(stream)?.length ?? 0;
  }

  async streams(prefix: string, limit = 1000): Promise<readonly string[]> {
    const names = [...this.#streams.keys()].filter((name) => name.startsWith(prefix));
    // The order of UTF-8 bytes, which is SQLite's.
    return names.sort((a, b) => Buffer.compare(Buffer.from(b), Buffer.from(a))).slice(0, limit);
  }

  watch(stream: string, onChange: () => void): () => void {
    const callback = () => onChange();
    const callbacks = this.#watchers.get(stream) ?? new Set();
    this.#watchers.set(stream, callbacks.add(callback));
    return () => {
      callbacks.delete(callback);
    };
  }

  async checkpoint(): Promise<void> {
    if (this.#changed.size === 0) return;
    const heads = JSON.stringify(
      [...this.#changed].map((name) => [name, this.#streams.get(name)!.length, this.#hashOfLast(name)]),
    );
    const previous = this.#checkpoints.at(-1)?.hash ?? CHAIN_START;
    this.#checkpoints.push({ heads, hash: checkpointHash(previous, this.#checkpoints.length + 1, heads) });
    this.#changed.clear();
  }

  async verify(): Promise<readonly Damage[]> {
    const found: Damage[] = [];
    for (const [stream, chain] of this.#streams) {
      for (let i = 0; i < chain.length; i++)
        if (!verifies(chain, stream, i)) found.push(damaged(stream, i + 1));
    }
    this.#checkpoints.forEach(({ heads, hash }, i) => {
      const previous = this.#checkpoints[i - 1]?.hash ?? CHAIN_START;
      if (checkpointHash(previous, i + 1, heads) === hash) return;
      found.push({ stream: null, sequence: null, sentence: `checkpoint ${i + 1} does not match its hash` });
    });
    return found;
  }

  #hashOfLast(stream: string): string {
    return this.#streams.get(stream)!.at(-1)!.hash;
  }
}

function verifies(chain: readonly StoredText[], stream: string, index: number): boolean {
  const { text, hash } = chain[index]!;
  return eventHash(chain[index - 1]?.hash ?? CHAIN_START, stream, index + 1, text) === hash;
}

function damaged(stream: string, sequence: number): Damage {
  return { stream, sequence, sentence: `event ${sequence} of ${stream} does not match its hash` };
}
