import type { StepEnd } from '../../executor/contract.ts';
import type { StepPart } from '../../journal/run-event.ts';
import type { PostAction } from './post-action.ts';

/** What one try of a step with an action comes to, gathered over all processes and parts of it. */
export class Tally {
  readonly parts: StepPart[] = [];
  /** In the order in which they were registered; performed the other way round. */
  readonly posts: PostAction[] = [];
  /** What each `pre` left for its main part. */
  readonly prepared: Record<string, Record<string, string>> = {};
  readonly warnings: string[] = [];
  /** For the steps behind this one. */
  readonly variables: Record<string, string> = {};
  readonly path: string[] = [];
  isOutputLost = false;
  #processes = 0;
  #usage: StepEnd['usage'] = null;

  get usage(): StepEnd['usage'] {
    return this.#usage;
  }

  /** The key of the next process. The first one has that of the try, by which a later owner asks whether anything began. */
  nextKey(key: string): string {
    this.#processes++;
    return this.#processes === 1 ? key : `${key}-${this.#processes}`;
  }

  /** A process is over. */
  add({ usage, outputLost }: StepEnd): void {
    this.isOutputLost ||= outputLost === true;
    if (!usage) return;
    this.#usage = {
      cpuMs: (this.#usage?.cpuMs ?? 0) + usage.cpuMs,
      memoryMaxBytes: Math.max(this.#usage?.memoryMaxBytes ?? 0, usage.memoryMaxBytes),
    };
  }
}
