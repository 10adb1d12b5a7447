/** How owners of runs are told apart and found alive, across processes and machines. */
export interface Owners {
  /** This process: machine, process id and start time in one word. */
  readonly self: string;
  /** Whether that owner's process still lives; null when it is on another machine and cannot be asked. */
  alive(owner: string): boolean | null;
  /** Whether that owner ran on this machine, and the machine was not restarted since. */
  isSameBoot(owner: string): boolean;
  /** The owner in words: "process 4711 on this machine". */
  describe(owner: string): string;
}
