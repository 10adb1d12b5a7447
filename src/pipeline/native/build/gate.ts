import type * as z from 'zod';
import type { GateCondition, GateException, GatePreset } from '../../plan-gate.ts';
import type { Node } from '../node.ts';
import { type Problems, shown } from '../problem.ts';
import { headOf } from '../read.ts';
import type { demandedGates, gateSchema } from '../schema/gate.ts';
import { nodeAt } from '../value.ts';
import { entriesOf, listOf, placeOfNode } from './text.ts';

type Definition = z.input<typeof gateSchema>;

/** The conditions under `gates` of a job, a stage or a protection. Those that say nothing or two things are reported. */
export function gatesOf(
  container: { readonly gates?: z.input<ReturnType<typeof demandedGates>> },
  problems: Problems,
): GateCondition[] {
  const names = new Set<string>();
  return entriesOf(container, 'gates').map(({ value, node }) => {
    const definition = typeof value === 'string' ? { preset: value as GatePreset } : (value as Definition);
    checkCondition(definition, node, problems);
    const name = definition.name ?? definition.preset ?? definition.metric ?? '';
    if (names.has(name)) {
      problems.error('duplicate-id', headOf(node), `two gates are called ${shown(name)}`, {
        suggestion: 'give one of them another `name`',
      });
    }
    names.add(name);
    return conditionOf(name, definition, node);
  });
}

function conditionOf(name: string, definition: Definition, node: Node): GateCondition {
  return {
    name,
    preset: definition.preset ?? null,
    metric:
      definition.metric === undefined
        ? null
        : { source: definition.metric, place: placeOfNode(nodeAt(definition, 'metric')) },
    atLeast: definition.at_least ?? null,
    atMost: definition.at_most ?? null,
    notBelow:
      definition.not_below === undefined
        ? null
        : {
            reference: definition.not_below,
            tolerance: definition.tolerance ?? 0,
            adjust: definition.adjust ?? 'removed',
          },
    severities: { ...definition.severities },
    scope: definition.scope ?? null,
    minSample: definition.min_sample ?? null,
    mode: definition.mode ?? null,
    missing: definition.missing ?? null,
    exceptions: exceptionsOf(definition),
    place: placeOfNode(node),
  };
}

function exceptionsOf(definition: Definition): GateException[] {
  return entriesOf(definition, 'unless').map(({ value, node }) => {
    const one = value as Exclude<NonNullable<Definition['unless']>, readonly unknown[]>;
    return {
      labels: listOf(one.label),
      paths: listOf(one.path),
      reason: one.reason ?? null,
      place: placeOfNode(node),
    };
  });
}

const LIMITS = ['at_least', 'at_most', 'not_below', 'severities'] as const;

function checkCondition(definition: Definition, node: Node, problems: Problems): void {
  // What was wrong in it has been reported, and what is missing may be just that.
  if (node.kind === 'map' && (node.dropped ?? []).length > 0) return;
  if (definition.preset === undefined && definition.metric === undefined) {
    problems.error('bad-gate', headOf(node), 'a gate needs `metric` or `preset`', {
      suggestion: 'write for example `metric: coverage.line`',
    });
  } else if (definition.preset === undefined && LIMITS.every((key) => definition[key] === undefined)) {
    problems.error('bad-gate', headOf(node), 'a gate with `metric` needs a limit', {
      suggestion: 'add `at_least`, `at_most` or `not_below`',
    });
  }
  const { at_least, at_most } = definition;
  if (at_least !== undefined && at_most !== undefined && at_least > at_most) {
    problems.error(
      'bad-gate',
      nodeAt(definition, 'at_most'),
      `nothing is at least ${at_least} and at most ${at_most}`,
      { suggestion: 'swap the two' },
    );
  }
  for (const key of ['tolerance', 'adjust'] as const) {
    if (definition[key] === undefined || definition.not_below !== undefined) continue;
    problems.error('bad-gate', nodeAt(definition, key), `\`${key}\` has no effect without \`not_below\``, {
      suggestion: 'add `not_below: target`, or remove it',
    });
  }
}
