const MINUTE_MS = 60_000;

/** How each strategy goes when nobody says otherwise. */
export const STRATEGY_DEFAULT = 'rolling';
export const WEIGHTS_DEFAULT: readonly number[] = [5, 25, 50, 100];
export const OBSERVE_DEFAULT_MS = 15 * MINUTE_MS;
export const BATCH_DEFAULT = { unit: 'percent', value: 25 } as const;
/** Fewer requests find only a candidate that fails nearly all of them. */
export const SAMPLE_MIN_DEFAULT = 100;
/** How long the stable version stays warm after the last weight. */
export const BAKE_DEFAULT_MS = 30 * MINUTE_MS;
export const DRAIN_DEFAULT_MS = 30_000;
/** What a start and becoming healthy are taken to take when nothing was observed. */
export const START_DEFAULT_MS = 5000;
export const HEALTHY_DEFAULT_MS = 10_000;
export const COMMAND_TIMEOUT_DEFAULT_MS = 5 * MINUTE_MS;
export const INTERVAL_DEFAULT_MS = 5000;
/** How long a person has to decide where it does not go back by itself; then it does. */
export const DECISION_DEFAULT_MS = 30 * MINUTE_MS;
export const WAY_BACK_DEFAULT_MS = 30 * MINUTE_MS;
export const QUEUE_DEFAULT_MS = 24 * 60 * MINUTE_MS;
export const PERMISSION_DEFAULT_MS = 7 * 24 * 60 * MINUTE_MS;
