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
