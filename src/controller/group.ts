import type { Clock } from '../base/port.ts';
import type { Actor, GroupEvent, NewEvent } from '../journal/event.ts';
import { groupStream } from '../journal/stream.ts';
import { ConflictError, type Journal } from '../store/contract.ts';

type Policy = Extract<GroupEvent, { type: 'group.requested' }>['policy'];

export interface GroupListener {
  /** It waits behind these holders. */
  onWaiting(behind: readonly string[]): void;
  onAdmitted(): void;
  /** A newer holder takes its place; called at most once. */
  onSuperseded(by: string): void;
  /** The journal refused; membership cannot go on. */
  onBroken(error: Error): void;
}

const LOOK_AGAIN_MS = 5_000;

interface Place {
  readonly holder: string;
  readonly policy: Policy;
}

/**
 * Membership in one concurrency group, shared by all runs on the store through the group's stream: requests stand in the
 * order of the journal, the first one that was not released holds the group. Whoever waits watches the stream.
 */
export class GroupMember {
  readonly #journal: Journal;
  readonly #actor: Actor;
  readonly #group: string;
  readonly #holder: string;
  readonly #policy: Policy;
  readonly #listener: GroupListener;
  readonly #isGone: (holder: string) => Promise<boolean>;
  readonly #clock: Clock;
  #unwatch: () => void = () => {};
  #stopLooking: () => void = () => {};
  #told: 'nothing' | 'waiting' | 'admitted' | 'superseded' = 'nothing';
  #left = false;
  #work: Promise<void>;

  constructor(options: {
    readonly journal: Journal;
    readonly actor: Actor;
    readonly group: string;
    readonly holder: string;
    readonly policy: Policy;
    readonly listener: GroupListener;
    /** Whether the run of that holder is over or has no living owner. */
    readonly isGone: (holder: string) => Promise<boolean>;
    readonly clock: Clock;
  }) {
    this.#journal = options.journal;
    this.#actor = options.actor;
    this.#group = options.group;
    this.#holder = options.holder;
    this.#policy = options.policy;
    this.#listener = options.listener;
    this.#isGone = options.isGone;
    this.#clock = options.clock;
    this.#work = this.#join().catch((error: Error) => this.#listener.onBroken(error));
  }

  /** Gives the group up, whether it is held or waited for. */
  async leave(): Promise<void> {
    this.#left = true;
    this.#unwatch();
    this.#stopLooking();
    await this.#work;
    await releaseHolder(this.#journal, this.#actor, this.#group, this.#holder, this.#clock.now());
  }

  async #join(): Promise<void> {
    await this.#append((places) =>
      places.some((place) => place.holder === this.#holder)
        ? null
        : { type: 'group.requested', holder: this.#holder, policy: this.#policy },
    );
    if (this.#left) return;
    this.#unwatch = this.#journal.watch(groupStream(this.#group), () => this.#lookLater());
    await this.#look();
  }

  /** Reads how things stand and tells the listener what changed for this member. */
  async #look(): Promise<void> {
    if (this.#left || this.#told === 'superseded') return;
    const { places } = await this.#read();
    const mine = places.findIndex((place) => place.holder === this.#holder);
    if (mine < 0) return;
    const newer = places.slice(mine + 1).find((place) => supersedes(place.policy, mine === 0));
    if (newer && this.#policy !== 'never-cancel') {
      this.#told = 'superseded';
      this.#listener.onSuperseded(newer.holder);
      return;
    }
    if (mine === 0) {
      if (this.#told === 'admitted') return;
      this.#told = 'admitted';
      this.#listener.onAdmitted();
      return;
    }
    if (this.#told === 'nothing') {
      this.#told = 'waiting';
      this.#listener.onWaiting(places.slice(0, mine).map((place) => place.holder));
    }
    const first = places[0]!.holder;
    if (await this.#isGone(first)) {
      await this.#append((now) =>
        now[0]?.holder === first ? { type: 'group.released', holder: first, reason: 'owner-gone' } : null,
      );
      await this.#look();
      return;
    }
    // A holder that dies writes nothing: whoever waits has to look again.
    this.#stopLooking();
    this.#stopLooking = this.#clock.after(LOOK_AGAIN_MS, () => this.#lookLater());
  }

  #lookLater(): void {
    this.#work = this.#work.then(() => this.#look()).catch((error: Error) => this.#listener.onBroken(error));
  }

  #read() {
    return readPlaces(this.#journal, this.#group);
  }

  #append(choose: (places: readonly Place[]) => GroupEvent | null): Promise<void> {
    return appendToGroup(this.#journal, this.#actor, this.#group, this.#clock.now(), choose);
  }
}

/** Takes the holder out of the group, also one whose owner died. Does nothing when it is not in it. */
export function releaseHolder(
  journal: Journal,
  actor: Actor,
  group: string,
  holder: string,
  at: number,
): Promise<void> {
  return appendToGroup(journal, actor, group, at, (places) =>
    places.some((place) => place.holder === holder)
      ? { type: 'group.released', holder, reason: 'finished' }
      : null,
  );
}

async function readPlaces(
  journal: Journal,
  group: string,
): Promise<{ readonly places: readonly Place[]; readonly sequence: number }> {
  const events = await journal.read(groupStream(group));
  let places: Place[] = [];
  for (const { body } of events) {
    if (body.type === 'group.requested') places.push({ holder: body.holder, policy: body.policy });
    if (body.type === 'group.released') places = places.filter((place) => place.holder !== body.holder);
  }
  return { places, sequence: events.length };
}

async function appendToGroup(
  journal: Journal,
  actor: Actor,
  group: string,
  at: number,
  choose: (places: readonly Place[]) => GroupEvent | null,
): Promise<void> {
  for (;;) {
    const { places, sequence } = await readPlaces(journal, group);
    const body = choose(places);
    if (!body) return;
    const event: NewEvent = { schemaVersion: 1, at, actor, body };
    try {
      await journal.append(groupStream(group), sequence, [event]);
      return;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

/** Whether a later request pushes an earlier one out: a waiting one by `newest-wins`, also a running one by `cancel-running`. */
function supersedes(policy: Policy, running: boolean): boolean {
  return policy === 'cancel-running' || (policy === 'newest-wins' && !running);
}
