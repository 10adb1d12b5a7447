import type { Diagnostic } from '../../base/diagnostic.ts';
import type { GateCondition } from '../../pipeline/plan-gate.ts';
import { checkMetric, metricsIn } from '../measure/expression.ts';
import type { Check } from './preset.ts';
import { resolveCondition } from './resolve.ts';

/**
 * What is wrong with conditions, as far as it can be told without facts. With an error none of them may be judged.
 * `leadsToProduction`: what `missing: warn` and `skip` let through would reach production, so they are refused.
 */
export function checkConditions(
  conditions: readonly GateCondition[],
  leadsToProduction: boolean,
): Diagnostic[] {
  return conditions.flatMap((condition) => [
    ...resolveCondition(condition).checks.flatMap((check) => checkOne(condition, check)),
    ...(leadsToProduction ? missingProblems(condition) : []),
  ]);
}

function checkOne(condition: GateCondition, check: Check): Diagnostic[] {
  const severities = Object.keys(check.severities);
  const hasValue = check.atLeast !== null || check.atMost !== null || check.notBelow !== null;
  const place = condition.metric?.place ?? condition.place;
  const error = (message: string, suggestion: string): Diagnostic[] => [
    { severity: 'error', code: 'bad-gate', message, place, suggestion },
  ];
  if (severities.length > 0 && hasValue) {
    return error(
      `${condition.name} limits severities and a value at once`,
      'make two conditions of it, one with `severities` and one with the limit',
    );
  }
  const sources =
    severities.length === 0 ? [check.metric] : severities.map((one) => `${check.metric}.${one}`);
  for (const source of sources) {
    const problem = checkMetric(source);
    if (!problem) continue;
    const suggestion =
      severities.length > 0
        ? 'with `severities` the metric is a group of findings, such as `findings.sast`'
        : 'the manual has a table of all metrics';
    return error(`the metric of ${condition.name}: ${problem.message}`, suggestion);
  }
  return [...scopeProblems(condition, check), ...ratchetProblems(condition, check)];
}

function scopeProblems(condition: GateCondition, check: Check): Diagnostic[] {
  if (condition.scope !== 'new' || Object.keys(check.severities).length > 0) return [];
  const whole = metricsIn(check.metric).find((metric) => !metric.isScoped);
  if (!whole) return [];
  return [
    {
      severity: 'error',
      code: 'bad-gate',
      message: `${whole.name} is not known for changed lines alone, so \`scope: new\` of ${condition.name} means nothing`,
      place: condition.place,
      suggestion: 'remove `scope: new`',
    },
  ];
}

function ratchetProblems(condition: GateCondition, check: Check): Diagnostic[] {
  const ways = new Set(metricsIn(check.metric).map((metric) => metric.better));
  if (check.notBelow === null || ways.size <= 1) return [];
  return [
    {
      severity: 'error',
      code: 'bad-gate',
      message: `${condition.name} joins metrics of which one is better higher and one lower, so nothing is "worse" for \`not_below\``,
      place: condition.place,
      suggestion: 'make two conditions of it',
    },
  ];
}

function missingProblems(condition: GateCondition): Diagnostic[] {
  const { missing, mode } = resolveCondition(condition);
  if (missing === 'fail' || mode !== 'block') return [];
  return [
    {
      severity: 'error',
      code: 'gate-missing',
      message: `\`missing: ${missing}\` of ${condition.name} would let a change reach production without evidence`,
      place: condition.place,
      suggestion: 'remove `missing`, and accept a gap for a while with a waiver',
    },
  ];
}
