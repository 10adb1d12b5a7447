import type * as z from 'zod';
import type {
  RollbackDefinition,
  StrategyDefinition,
  StrategyType,
  TrafficMatch,
} from '../../plan-strategy.ts';
import type { Problems } from '../problem.ts';
import { headOf } from '../read.ts';
import type { rollback } from '../schema/rollback.ts';
import type { strategy, trafficMatchSchema } from '../schema/strategy.ts';
import { nodeAt } from '../value.ts';
import { durationMs, entriesOf, placeOfNode } from './text.ts';

type Definition = z.input<ReturnType<typeof strategy>>;

/** The strategy under `strategy` of a stage, an environment or a service; null where there is none. */
export function strategyOf(
  container: { readonly strategy?: Definition },
  problems: Problems,
): StrategyDefinition | null {
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
    match: matchesOf(definition, problems),
    place: placeOfNode(nodeAt(container, 'strategy')),
  };
}

function matchesOf(definition: Exclude<Definition, string>, problems: Problems): TrafficMatch[] {
  return entriesOf(definition, 'match').flatMap(({ value, node }): TrafficMatch[] => {
    const match = value as z.input<typeof trafficMatchSchema>;
    if ((match.header === undefined) === (match.cookie === undefined)) {
      problems.error('bad-value', headOf(node), 'a match needs `header` or `cookie`, and not both', {
        suggestion: 'write one of them',
      });
      return [];
    }
    return match.header === undefined
      ? [{ kind: 'cookie', name: match.cookie!, value: match.value }]
      : [{ kind: 'header', name: match.header, value: match.value }];
  });
}

type Rollback = z.input<ReturnType<typeof rollback>>;

/** How it goes back; null when nothing is said. */
export function rollbackOf(
  container: { readonly rollback?: Rollback },
  problems: Problems,
): RollbackDefinition | null {
  const given = container.rollback;
  if (given === undefined) return null;
  const definition = typeof given === 'string' ? { strategy: given } : given;
  if ((definition.strategy === 'partial') !== (definition.only !== undefined)) {
    problems.error(
      'bad-value',
      headOf(nodeAt(container, 'rollback')),
      definition.only === undefined
        ? 'a partial rollback needs to know what goes back'
        : '`only` has no effect without `strategy: partial`',
      { suggestion: definition.only === undefined ? 'add `only: [HOST]`' : 'add it, or remove `only`' },
    );
  }
  return {
    strategy: rollbackStrategy(definition.strategy),
    automatic: definition.automatic ?? null,
    only: definition.only ?? [],
    timeoutMs: durationMs(definition.timeout, null),
    retries: definition.retries ?? null,
    onIrreversible: definition.on_irreversible ?? null,
    place: placeOfNode(nodeAt(container, 'rollback')),
  };
}

/** `gradual` and `blue-green` are other names. */
function rollbackStrategy(name: Exclude<Rollback, string>['strategy']): RollbackDefinition['strategy'] {
  if (name === undefined) return null;
  if (name === 'gradual') return 'rolling';
  return name === 'blue-green' ? 'blue_green' : name;
}

function batchOf(batch: number | string | undefined): StrategyDefinition['batch'] {
  if (batch === undefined) return null;
  return typeof batch === 'number'
    ? { unit: 'hosts', value: batch }
    : { unit: 'percent', value: Number.parseInt(batch, 10) };
}
