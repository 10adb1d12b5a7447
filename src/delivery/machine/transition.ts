import type { DeploymentEvent } from '../../journal/deployment-event.ts';

/** Where a deployment is. */
export const PHASES = [
  /** People must agree, or a window must open. */
  'waiting',
  /** Another deployment has the environment. */
  'queued',
  /** The effect of a step is asked for: the intent is written, the receipt is not. */
  'forth-acting',
  /** What became of the effect is not known; the world is asked. */
  'forth-probing',
  /** An attempt failed; the next one comes after a while. */
  'forth-pausing',
  /** Evidence is gathered. */
  'watching',
  /** The time of the step is over and evidence does not let it go on. */
  'held',
  /** It should go back, and a person decides. */
  'asking',
  'back-acting',
  'back-probing',
  'back-pausing',
  'finished',
] as const;
export type Phase = (typeof PHASES)[number];

export type DeadlineScope = Extract<DeploymentEvent, { type: 'deployment.deadline-passed' }>['scope'];

/** What can become of a phase. */
interface PhaseRow {
  /** Which deadline ends it; null only for the end. */
  readonly deadline: DeadlineScope | null;
  /** Where it goes when all is well. */
  readonly next: readonly Phase[];
  /** Where it goes when the candidate must not stay: before the first step that is the end, nothing having been changed. */
  readonly back: readonly Phase[];
}

/**
 * All that can become of a deployment. `enter` holds the machine to it, and a test explores every state that can be reached:
 * each phase but the end has a deadline and a way back, and no edge is missing or of no use.
 */
export const TRANSITIONS: Readonly<Record<Phase, PhaseRow>> = {
  waiting: { deadline: 'permission', next: ['queued'], back: ['finished'] },
  queued: { deadline: 'queue', next: ['forth-acting', 'waiting'], back: ['finished'] },
  'forth-acting': {
    deadline: 'step',
    next: ['forth-acting', 'forth-probing', 'forth-pausing', 'watching', 'finished'],
    back: ['asking', 'back-acting', 'finished'],
  },
  'forth-probing': {
    deadline: 'step',
    next: ['forth-acting', 'forth-probing', 'forth-pausing', 'watching', 'finished'],
    back: ['asking', 'back-acting', 'finished'],
  },
  'forth-pausing': {
    deadline: 'step',
    next: ['forth-acting', 'finished'],
    back: ['asking', 'back-acting', 'finished'],
  },
  watching: {
    deadline: 'step',
    next: ['forth-acting', 'held', 'finished'],
    back: ['asking', 'back-acting', 'finished'],
  },
  held: {
    deadline: 'step',
    next: ['forth-acting', 'finished'],
    back: ['asking', 'back-acting', 'finished'],
  },
  asking: {
    deadline: 'decision',
    next: ['forth-acting', 'forth-probing', 'watching', 'finished'],
    back: ['back-acting', 'finished'],
  },
  'back-acting': {
    deadline: 'step',
    next: ['back-acting', 'back-probing', 'back-pausing', 'finished'],
    back: ['back-acting', 'finished'],
  },
  'back-probing': {
    deadline: 'step',
    next: ['back-acting', 'back-probing', 'back-pausing', 'finished'],
    back: ['back-acting', 'finished'],
  },
  'back-pausing': {
    deadline: 'step',
    next: ['back-acting', 'finished'],
    back: ['back-acting', 'finished'],
  },
  finished: { deadline: null, next: [], back: [] },
};

/** Whether the table has an edge from one phase to the other. */
export function mayFollow(from: Phase, to: Phase): boolean {
  const { next, back } = TRANSITIONS[from];
  return next.includes(to) || back.includes(to);
}
