import type { HealthCheck } from '../../../pipeline/plan-health-check.ts';

/**
 * The checks of one instance as they go: when each is due, and how many answers in a row were good or bad. Readiness and liveness are
 * asked once everything that tells a finished start has passed.
 */
export class CheckStreaks {
  readonly #checks: readonly HealthCheck[];
  readonly #streaks: Streak[];

  /** `isStarted`: the instance is known to have started, so that this is not asked again. */
  constructor(checks: readonly HealthCheck[], isStarted: boolean) {
    this.#checks = checks;
    this.#streaks = checks.map(({ kind }) => ({
      dueMs: 0,
      good: 0,
      bad: 0,
      hasPassed: isStarted && kind === 'startup',
      lastWhy: '',
    }));
  }

  /** The numbers of the checks to ask now. */
  due(nowMs: number): number[] {
    return [...this.#open()].filter((index) => this.#streaks[index]!.dueMs <= nowMs);
  }

  /** When the next one is due. */
  nextMs(): number {
    return Math.min(...[...this.#open()].map((index) => this.#streaks[index]!.dueMs));
  }

  /** Takes an answer to a check that was asked at this time. */
  record(index: number, askedMs: number, isGood: boolean, why: string): void {
    const streak = this.#streaks[index]!;
    const check = this.#checks[index]!;
    streak.dueMs = askedMs + check.intervalMs;
    streak.good = isGood ? streak.good + 1 : 0;
    streak.bad = isGood ? 0 : streak.bad + 1;
    streak.lastWhy = why;
    if (streak.good >= check.successThreshold) streak.hasPassed = true;
  }

  /** Every check has reached its success threshold. */
  get havePassed(): boolean {
    return this.#streaks.every(({ hasPassed }) => hasPassed);
  }

  /** Why the instance is unhealthy: a check at its failure threshold. null: none is. */
  get failure(): string | null {
    for (const [index, check] of this.#checks.entries()) {
      const { bad, lastWhy } = this.#streaks[index]!;
      if (bad >= check.failureThreshold)
        return `the check ${check.name} failed ${bad} ${bad === 1 ? 'time' : 'times'} in a row: ${lastWhy}`;
    }
    return null;
  }

  /** What is still open, for people. */
  get openNames(): string {
    const open = this.#checks.filter((_, index) => !this.#streaks[index]!.hasPassed);
    return open.map(({ name }) => name).join(', ');
  }

  *#open(): Generator<number> {
    const isStarting = this.#checks.some(
      ({ kind }, index) => kind === 'startup' && !this.#streaks[index]!.hasPassed,
    );
    for (const [index, { kind }] of this.#checks.entries()) {
      if (kind === 'startup' ? isStarting && !this.#streaks[index]!.hasPassed : !isStarting) yield index;
    }
  }
}

interface Streak {
  dueMs: number;
  good: number;
  bad: number;
  hasPassed: boolean;
  lastWhy: string;
}
