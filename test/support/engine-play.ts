import type { RunRequested } from '../../src/engine/course.ts';
import { decide, decideRequest, type EngineInput } from '../../src/engine/decide.ts';
import type { CellReport } from '../../src/engine/report.ts';
import type { RunState } from '../../src/engine/state.ts';
import type { Command } from '../../src/engine/turn.ts';
import type { RunEvent } from '../../src/journal/run-event.ts';

const SUCCEEDED: CellReport = {
  outcome: 'succeeded',
  cause: null,
  step: null,
  durationMs: 10,
  outputs: {},
  tail: [],
  patterns: [],
};

/** Plays a run against the engine by hand: the test is the world. */
export class EnginePlay {
  state: RunState;
  now = 0;
  readonly events: RunEvent[] = [];
  commands: Command[] = [];

  constructor(request: RunRequested) {
    const decided = decideRequest(request, this.now);
    this.state = decided.state;
    this.events.push(...decided.events);
    this.commands.push(...decided.commands);
  }

  feed(input: EngineInput): this {
    const decided = decide(this.state, input, this.now);
    this.state = decided.state;
    this.events.push(...decided.events);
    this.commands.push(...decided.commands);
    return this;
  }

  /** The cells that are running now, in the order in which they started. */
  get running(): string[] {
    return this.state.running.map((index) => this.state.cells.at(index).name);
  }

  end(cell: string, report: Partial<CellReport> = {}): this {
    const running = this.state.running
      .map((index) => this.state.cells.at(index))
      .find((one) => one.name === cell);
    if (!running) throw new Error(`${cell} does not run; running: ${this.running.join(', ')}`);
    return this.feed({ type: 'report', cell, attempt: running.attempt, report: { ...SUCCEEDED, ...report } });
  }

  fail(cell: string, code = 1): this {
    return this.end(cell, { outcome: 'failed', cause: { kind: 'exit-code', code } });
  }

  of<T extends RunEvent['type']>(type: T): Extract<RunEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
  }

  ordered<T extends Command['type']>(type: T): Extract<Command, { type: T }>[] {
    return this.commands.filter((command): command is Extract<Command, { type: T }> => command.type === type);
  }
}
