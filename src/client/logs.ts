import type { PlacedEvent } from '../journal/event.ts';
import type { RunEvent } from '../journal/run-event.ts';
import { logFile, stepKey } from '../runner/log/paths.ts';
import { readLog } from '../runner/log/reader.ts';
import type { LogLine, LogQuery } from './contract.ts';

/** One try of a step whose log is wanted. */
interface Try {
  /** Where it lies: of a step that was not done again, with the run that did it. */
  readonly file: string;
  readonly cell: string;
  readonly attempt: number;
  readonly step: string;
  readonly over: AbortController;
}

/** The log lines of a run's steps, step after step in the order in which they started; with `follow`, as they come. */
export async function* readLogs(
  directory: string,
  runId: string,
  events: AsyncIterable<PlacedEvent>,
  query: LogQuery,
): AsyncGenerator<LogLine> {
  const tries = new Tries(query, directory, runId);
  const reading = tries.take(events);
  // A follower that loses its source ends; the error is thrown by the await below.
  reading.catch(() => {});
  for (let index = 0; ; index++) {
    const one = await tries.at(index);
    if (!one) break;
    const { file, cell, attempt, step, over } = one;
    const options = {
      ...(query.tail === null ? {} : { tail: query.tail }),
      ...(query.follow ? { follow: over.signal } : {}),
    };
    for await (const line of readLog(file, options)) yield { cell, attempt, step, ...line };
  }
  await reading;
}

/** The tries that the events tell of, while the events still come. */
class Tries {
  readonly #query: LogQuery;
  readonly #directory: string;
  readonly #runId: string;
  readonly #tries: Try[] = [];
  #ended = false;
  #wake: () => void = () => {};

  constructor(query: LogQuery, directory: string, runId: string) {
    this.#query = query;
    this.#directory = directory;
    this.#runId = runId;
  }

  /** Reads the events to their end. */
  async take(events: AsyncIterable<PlacedEvent>): Promise<void> {
    try {
      for await (const { body } of events) {
        // Of work that was taken over from another run only the end is told; its log was copied.
        const isBegun =
          body.type === 'step.started' ||
          (body.type === 'step.finished' && (body.work?.reusedFrom ?? null) !== null);
        if (isBegun && this.#isWanted(body.cell, body.step)) {
          const { cell, attempt, step, try: tryNumber } = body;
          const file = logFile(this.#directory, this.#runId, cell, attempt, stepKey(step, tryNumber));
          this.#tries.push({ file, cell, attempt, step, over: new AbortController() });
        }
        if (body.type === 'step.finished')
          this.#end((one) => one.cell === body.cell && one.step === body.step);
        if (body.type === 'cell.finished') {
          this.#takeOver(body);
          this.#end((one) => one.cell === body.cell);
        }
        this.#wake();
      }
    } finally {
      this.#ended = true;
      this.#end(() => true);
      this.#wake();
    }
  }

  /** The try at that place, when it has come; null when the events are over and there is none. */
  async at(index: number): Promise<Try | null> {
    while (index >= this.#tries.length && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#tries[index] ?? null;
  }

  /** The logs of work that was not done again. */
  #takeOver({ cell, attempt, extras }: Extract<RunEvent, { type: 'cell.finished' }>): void {
    const { reusedFrom = null, logs } = extras?.work ?? {};
    if (reusedFrom === null || !logs) return;
    for (const { step, try: tryNumber } of logs.steps) {
      if (!this.#isWanted(cell, step)) continue;
      const key = stepKey(step, tryNumber);
      const file = logFile(this.#directory, reusedFrom, logs.cell, logs.attempt, key);
      this.#tries.push({ file, cell, attempt, step, over: new AbortController() });
    }
  }

  #isWanted(cell: string, step: string): boolean {
    return (
      (this.#query.cell === null || this.#query.cell === cell) &&
      (this.#query.step === null || this.#query.step === step)
    );
  }

  #end(isMeant: (one: Try) => boolean): void {
    for (const one of this.#tries) if (isMeant(one)) one.over.abort();
  }
}
