import type { Clock } from '../../../src/base/port.ts';
import type { Owners } from '../../../src/controller/contract.ts';
import type { NewEvent } from '../../../src/journal/event.ts';
import type { Fence, Store } from '../../../src/store/contract.ts';

/** When an owner dies: before its n-th write to the deployment's own stream is durable, or right after that. */
export interface Death {
  readonly atAppend: number;
  readonly when: 'before' | 'after';
}

const FOREVER = new Promise<never>(() => {});

/**
 * One owner of deployments that can die: from then on nothing it does reaches the store or the world, nothing it waits for comes, and
 * its timers are gone, as after a SIGKILL.
 */
export class Life {
  readonly owner: string;
  isDead = false;
  /** It does not run, but nobody can know that it will not again: what it waits for comes when it wakes. */
  hanging: Promise<void> | null = null;
  appends = 0;
  /** Calls that have not answered yet: time stands still meanwhile. */
  pending = 0;
  readonly #death: Death | null;

  constructor(owner: string, death: Death | null = null) {
    this.owner = owner;
    this.#death = death;
  }

  die(): void {
    this.isDead = true;
  }

  store(store: Store): Store {
    const guard =
      <A extends readonly unknown[], T>(call: (...given: A) => Promise<T>) =>
      (...given: A): Promise<T> =>
        this.#guarded(() => call(...given));
    const { journal, leases } = store;
    return {
      journal: {
        append: (stream, expected, events, fence) => this.#append(store, stream, expected, events, fence),
        read: guard((...given: Parameters<typeof journal.read>) => journal.read(...given)),
        head: guard((stream: string) => journal.head(stream)),
        streams: guard((...given: Parameters<typeof journal.streams>) => journal.streams(...given)),
        watch: (stream, onChange) =>
          journal.watch(stream, () => {
            if (!this.isDead) onChange();
          }),
        checkpoint: guard(() => journal.checkpoint()),
        verify: guard(() => journal.verify()),
      },
      leases: {
        acquire: guard((...given: Parameters<typeof leases.acquire>) => leases.acquire(...given)),
        renew: guard((...given: Parameters<typeof leases.renew>) => leases.renew(...given)),
        release: guard((fence: Fence) => leases.release(fence)),
        peek: guard((name: string) => leases.peek(name)),
        lastOwner: guard((name: string) => leases.lastOwner(name)),
        break: guard((name: string, token: number) => leases.break(name, token)),
      },
      timers: store.timers,
      tasks: store.tasks,
      close: async () => {},
    };
  }

  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (delayMs, callback) =>
        clock.after(delayMs, () => {
          if (this.hanging) void this.hanging.then(callback);
          else if (!this.isDead) callback();
        }),
    };
  }

  async #append(store: Store, stream: string, expected: number, events: readonly NewEvent[], fence?: Fence) {
    const isOwn = stream.startsWith('deployment/');
    if (isOwn && !this.isDead) this.appends += 1;
    const isLast = isOwn && this.#death !== null && this.appends === this.#death.atAppend;
    if (isLast && this.#death?.when === 'before') this.die();
    return this.#guarded(async () => {
      const written = await (fence === undefined
        ? store.journal.append(stream, expected, events)
        : store.journal.append(stream, expected, events, fence));
      if (isLast) this.die();
      return written;
    });
  }

  async #guarded<T>(call: () => Promise<T>): Promise<T> {
    if (this.isDead) return FOREVER;
    if (this.hanging) await this.hanging;
    this.pending += 1;
    const settled = await call().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    this.pending -= 1;
    if (this.hanging) await this.hanging;
    if (this.isDead) return FOREVER;
    if ('error' in settled) throw settled.error;
    return settled.value;
  }
}

/** Owners as one of several lives sees them. */
export function ownersOf(self: Life, lives: readonly Life[]): Owners {
  return {
    self: self.owner,
    alive: (owner) => {
      const found = lives.find((life) => life.owner === owner);
      return found && !found.hanging ? !found.isDead : null;
    },
    isSameBoot: () => true,
    describe: (owner) => `the process ${owner}`,
  };
}
