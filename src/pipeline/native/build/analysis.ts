import type * as z from 'zod';
import {
  type AnalysisCheck,
  type AnalysisDefinition,
  type AnalysisTrigger,
  type EvidenceSource,
  STANDARD_CHECKS,
  type StandardCheck,
} from '../../plan-analysis.ts';
import type { Node } from '../node.ts';
import { type Problems, shown } from '../problem.ts';
import { headOf } from '../read.ts';
import type {
  analysisSchema,
  metricCheckSchema,
  sourceSchema,
  standardCheckSchema,
  triggerSourceSchema,
} from '../schema/analysis.ts';
import { nodeAt } from '../value.ts';
import { durationMs, entriesOf, placeOfNode } from './text.ts';

type Definition = z.input<typeof analysisSchema>;

/** By what a release is judged; null when nothing is said. */
export function analysisOf(
  container: { readonly analysis?: Definition },
  problems: Problems,
): AnalysisDefinition | null {
  const definition = container.analysis;
  if (definition === undefined) return null;
  const checks = [...standardChecks(definition, problems), ...metricChecks(definition, problems)];
  return {
    alpha: definition.alpha ?? null,
    intervalMs: durationMs(definition.interval, null),
    source: definition.source ? sourceOf(definition.source, nodeAt(definition, 'source'), problems) : null,
    off: STANDARD_CHECKS.filter((name) => definition[name] === false),
    checks,
    triggers: triggersOf(definition, problems),
    place: placeOfNode(nodeAt(container, 'analysis')),
  };
}

const LATENCY_QUANTILE = 0.95;

function standardChecks(definition: Definition, problems: Problems): AnalysisCheck[] {
  return STANDARD_CHECKS.flatMap((name): AnalysisCheck[] => {
    const given = definition[name];
    if (given === undefined || given === false) return [];
    const node = nodeAt(definition, name);
    const check = (typeof given === 'object' ? given : { at_most: given }) as z.input<
      typeof standardCheckSchema
    >;
    if (check.quantile !== undefined && name !== 'latency') {
      problems.error('unused-key', nodeAt(check, 'quantile'), `\`quantile\` has no effect on \`${name}\``, {
        suggestion: 'remove it',
      });
    }
    const limit = check.at_most === undefined ? STANDARD_LIMITS[name] : limitOf(check.at_most);
    if ((name === 'latency') !== (limit.kind === 'baseline')) {
      problems.error(
        'bad-value',
        check === given ? nodeAt(check, 'at_most') : node,
        name === 'latency'
          ? 'the limit of `latency` is a multiple of the old version'
          : `the limit of \`${name}\` is a percentage`,
        { suggestion: name === 'latency' ? 'write for example `3x`' : 'write for example `1%`' },
      );
    }
    return [
      {
        name,
        standard: name,
        limit,
        quantile: name === 'latency' ? (check.quantile ?? LATENCY_QUANTILE) : null,
        ...judging(check),
        source: check.source ? sourceOf(check.source, nodeAt(check, 'source'), problems) : null,
        place: placeOfNode(node),
      },
    ];
  });
}

/** The limits that people know, when a check is written without one. */
const STANDARD_LIMITS: Readonly<Record<StandardCheck, AnalysisCheck['limit']>> = {
  error_rate: { kind: 'at_most', value: 0.01 },
  latency: { kind: 'baseline', factor: 3 },
  health_failures: { kind: 'at_most', value: 0.1 },
  resources: { kind: 'at_most', value: 0.9 },
};

function limitOf(value: string | number): AnalysisCheck['limit'] {
  const text = String(value);
  if (text.endsWith('x')) return { kind: 'baseline', factor: Number.parseFloat(text) };
  return { kind: 'at_most', value: Number.parseFloat(text) / (text.endsWith('%') ? 100 : 1) };
}

function judging(check: z.input<typeof standardCheckSchema> | z.input<typeof metricCheckSchema>) {
  return {
    test: check.test ?? 'sequential',
    minSample: check.min_sample ?? null,
    onNoData: check.on_no_data ?? null,
    mode: check.mode ?? 'rollback',
  } as const;
}

function metricChecks(definition: Definition, problems: Problems): AnalysisCheck[] {
  const names = new Set<string>(STANDARD_CHECKS);
  return entriesOf(definition, 'metrics').flatMap(({ value, node }): AnalysisCheck[] => {
    const check = value as z.input<typeof metricCheckSchema>;
    reportTaken(check, names, problems);
    const source = sourceOf(check, node, problems);
    if ((check.at_most === undefined) === (check.at_least === undefined)) {
      problems.error('bad-value', headOf(node), `the check ${shown(check.name)} needs one limit`, {
        suggestion: 'write `at_most` or `at_least`',
      });
      return [];
    }
    const limit =
      check.at_least === undefined
        ? limitOf(check.at_most!)
        : ({ kind: 'at_least', value: check.at_least } as const);
    if (!source) return [];
    return [
      {
        name: check.name,
        standard: null,
        limit,
        quantile: null,
        ...judging(check),
        source,
        place: placeOfNode(node),
      },
    ];
  });
}

function triggersOf(definition: Definition, problems: Problems): AnalysisTrigger[] {
  const names = new Set<string>();
  return entriesOf(definition, 'triggers').flatMap(({ value, node }) => {
    const trigger = value as z.input<typeof triggerSourceSchema>;
    reportTaken(trigger, names, problems);
    const source = sourceOf(trigger, node, problems);
    return source ? [{ name: trigger.name, source, place: placeOfNode(node) }] : [];
  });
}

function reportTaken(named: { readonly name: string }, names: Set<string>, problems: Problems): void {
  if (names.has(named.name))
    problems.error('duplicate-id', nodeAt(named, 'name'), `the name ${shown(named.name)} is taken`, {
      suggestion: 'choose another one',
    });
  names.add(named.name);
}

/** Which key goes with which, for each way to ask. */
const PARTNERS = { prometheus: 'query', http: 'field', command: null } as const;

/** Where a figure comes from: exactly one way, with all that it needs. null: it was wrong, which is reported. */
function sourceOf(
  given: z.input<typeof sourceSchema>,
  node: Node,
  problems: Problems,
): EvidenceSource | null {
  const ways = (['prometheus', 'http', 'command'] as const).filter((way) => given[way] !== undefined);
  if (node.kind === 'map' && (node.dropped ?? []).length > 0) return null;
  const way = ways[0];
  if (way === undefined || ways.length > 1) {
    const message =
      way === undefined
        ? 'nothing says where the figure comes from'
        : `a figure comes from one source, but this one has ${ways.map((one) => `\`${one}\``).join(' and ')}`;
    problems.error('bad-source', headOf(node), message, {
      suggestion: 'write `prometheus` with `query`, `http` with `field`, or `command`',
    });
    return null;
  }
  const partner = PARTNERS[way];
  for (const key of ['query', 'field'] as const) {
    if (given[key] !== undefined && key !== partner)
      problems.error('unused-key', nodeAt(given, key), `\`${key}\` has no effect with \`${way}\``, {
        suggestion: 'remove it',
      });
  }
  if (partner !== null && given[partner] === undefined) {
    problems.error('missing-key', headOf(node), `\`${way}\` needs \`${partner}\``, {
      suggestion: `add \`${partner}\``,
    });
    return null;
  }
  const { prometheus, query, http, field, command } = given;
  if (way === 'prometheus') return { kind: 'prometheus', url: prometheus!, query: query! };
  if (way === 'http') return { kind: 'http', url: http!, field: field! };
  return { kind: 'command', run: command! };
}
