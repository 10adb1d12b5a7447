import type * as z from 'zod';
import type { StrategyDefinition, StrategyType } from '../../plan-strategy.ts';
import type { strategy } from '../schema/strategy.ts';
import { nodeAt } from '../value.ts';
import { durationMs, placeOfNode } from './text.ts';

type Definition = z.input<ReturnType<typeof strategy>>;

/** The strategy under `strategy` of a stage, an environment or a service; null where there is none. */
export function strategyOf(container: { readonly strategy?: Definition }): StrategyDefinition | null {
  const given = container.strategy;
  if (given === undefined) return null;
  const definition = typeof given === 'string' ? { type: given } : given;
  return {
    type: definition.type.replace('-', '_') as StrategyType,
    weights: definition.weights ?? null,
    observeMs: durationMs(definition.observe, null),
    batch: batchOf(definition.batch),
    failuresMax: definition.max_failures ?? null,
    bakeMs: durationMs(definition.bake, null),
    advance: definition.advance ?? null,
    minSample: definition.min_sample ?? null,
    onUndecided: definition.on_undecided ?? null,
    onNoData: definition.on_no_data ?? null,
    sticky: definition.sticky ?? null,
    match: [],
    place: placeOfNode(nodeAt(container, 'strategy')),
  };
}

function batchOf(batch: number | string | undefined): StrategyDefinition['batch'] {
  if (batch === undefined) return null;
  return typeof batch === 'number'
    ? { unit: 'hosts', value: batch }
    : { unit: 'percent', value: Number.parseInt(batch, 10) };
}
