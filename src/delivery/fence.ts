/**
 * Goes with everything that changes a target or a router. Both keep the greatest they have seen, durably and for each environment,
 * before they act, and refuse what is smaller: first by `token`, then by `order`. The same fence again is let through, since a
 * repetition has the same one. So neither an owner that was thought dead nor a request that was late can undo what came after it.
 */
export interface Fence {
  /** Of the environment's lease: grows with each owner. */
  readonly token: number;
  /** Grows with each intent of one deployment. */
  readonly order: number;
}

/** Whether `one` may not be done any more after `seen`. */
export function isOlder(one: Fence, seen: Fence): boolean {
  return one.token < seen.token || (one.token === seen.token && one.order < seen.order);
}

/** A change that came too late: a newer owner, or a newer intent, was there before. Nothing was changed. */
export class StaleFenceError extends Error {
  constructor(place: string, given: Fence, seen: Fence) {
    super(`${place}: ${given.token}/${given.order} is older than ${seen.token}/${seen.order}`);
    this.name = 'StaleFenceError';
  }
}
