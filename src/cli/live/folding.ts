/** How much of a run is shown when there is not room for all of it. */
export interface Folding {
  /** Lines of output under a running step or a failed one. */
  readonly tailLines: number;
  /** Cells of a matrix shown one by one; the others are counts. */
  readonly cellsMax: number;
  /** Stages of which all is well over, or nothing has begun: one line each. */
  readonly stages: 'open' | 'one-line' | 'counted';
  /** Jobs that are over without fault become one count in their stage. */
  readonly doneCounted: boolean;
  /** Jobs that wait become one count in their stage. */
  readonly waitingCounted: boolean;
  /** Jobs that run or failed shown one by one in a stage. */
  readonly busyMax: number;
}

/** From everything to the least; the first that fits is taken. */
export const FOLDINGS: readonly Folding[] = [
  { tailLines: 4, cellsMax: 12, stages: 'open', doneCounted: false, waitingCounted: false, busyMax: 1000 },
  { tailLines: 3, cellsMax: 6, stages: 'one-line', doneCounted: false, waitingCounted: false, busyMax: 1000 },
  { tailLines: 3, cellsMax: 4, stages: 'one-line', doneCounted: true, waitingCounted: false, busyMax: 1000 },
  { tailLines: 2, cellsMax: 4, stages: 'one-line', doneCounted: true, waitingCounted: true, busyMax: 1000 },
  { tailLines: 1, cellsMax: 2, stages: 'one-line', doneCounted: true, waitingCounted: true, busyMax: 12 },
  { tailLines: 0, cellsMax: 2, stages: 'counted', doneCounted: true, waitingCounted: true, busyMax: 8 },
  { tailLines: 0, cellsMax: 0, stages: 'counted', doneCounted: true, waitingCounted: true, busyMax: 3 },
];
