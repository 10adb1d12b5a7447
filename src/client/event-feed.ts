import type { NewEvent, PlacedEvent } from '../journal/event.ts';
import { runStream } from '../journal/stream.ts';
import type { Journal } from '../store/contract.ts';

interface Reader {
  readonly waiting: PlacedEvent[];
  wake: () => void;
}

/**
 * Events of runs, for those who follow: what the journal has, then what comes. Events of runs driven in this process are
 * handed on as soon as they are durable; those of other processes are found by watching the journal.
 */
export class EventFeed {
  readonly #readers = new Map<string, Set<Reader>>();
  /** What began the runs driven here, until the first follower comes: the plan in it is large, and once is enough. */
  readonly #beginnings = new Map<string, readonly PlacedEvent[]>();

  /** Tells the followers. `sequence` is that of the event before the first. */
  push(stream: string, events: readonly NewEvent[], sequence: number): void {
    const readers = this.#readers.get(stream);
    if (!readers && sequence > 0) return;
    const placed = events.map((event, index) => ({ ...event, stream, sequence: sequence + index + 1 }));
    if (!readers) this.#beginnings.set(stream, placed);
    for (const reader of readers ?? []) {
      for (const event of placed) reader.waiting.push(event);
      reader.wake();
    }
  }

  /** Ends with the run, or with what is there when not following. */
  async *events(journal: Journal, runId: string, follow: boolean): AsyncGenerator<PlacedEvent> {
    const stream = runStream(runId);
    const reader: Reader = { waiting: [...(this.#beginnings.get(stream) ?? [])], wake: () => {} };
    this.#beginnings.delete(stream);
    const readers = this.#readers.get(stream) ?? new Set();
    this.#readers.set(stream, readers.add(reader));
    let changed = false;
    const unwatch = follow
      ? journal.watch(stream, () => {
          changed = true;
          reader.wake();
        })
      : () => {};
    let sequence = 0;
    try {
      let wasRead = false;
      for (let reading = reader.waiting.length === 0; ; ) {
        const news = reading ? await journal.read(stream, sequence) : reader.waiting.splice(0);
        wasRead ||= reading;
        reading = false;
        for (const event of news) {
          if (event.sequence <= sequence) continue;
          if (event.sequence > sequence + 1) {
            // Something is missing between: the journal has it.
            reading = true;
            break;
          }
          sequence = event.sequence;
          yield event;
          if (event.body.type === 'run.finished') return;
        }
        if (reading || reader.waiting.length > 0) continue;
        if (!follow && wasRead) return;
        if (!follow) {
          reading = true;
          continue;
        }
        if (!changed) await new Promise<void>((resolve) => (reader.wake = resolve));
        reader.wake = () => {};
        // A change without pushed events was made by another process.
        reading = changed && reader.waiting.length === 0 && (await journal.head(stream)) > sequence;
        changed = false;
      }
    } finally {
      unwatch();
      readers.delete(reader);
      if (readers.size === 0) this.#readers.delete(stream);
    }
  }
}
