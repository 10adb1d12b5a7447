import type { Strategy } from '../plan.ts';

const MINUTE_MS = 60_000;

/** How each strategy goes when nobody says otherwise. */
export const STRATEGY_DEFAULTS = {
  canary: {
    type: 'canary',
    weights: [5, 25, 50, 100],
    observeMs: 15 * MINUTE_MS,
    sampleMin: 0,
    advance: 'timed',
    onUndecided: 'hold',
    onNoData: 'hold',
  },
  blue_green: { type: 'blue_green' },
  rolling: { type: 'rolling', batch: { unit: 'percent', value: 25 }, failuresMax: 0 },
  recreate: { type: 'recreate' },
} as const satisfies { readonly [Type in Strategy['type']]: Extract<Strategy, { readonly type: Type }> };

/** How long the stable version stays warm after the last step, when nobody says otherwise. */
export const BAKE_DEFAULT_MS = 30 * MINUTE_MS;
