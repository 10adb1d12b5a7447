import type { Checked, Diagnostic } from '../../src/base/diagnostic.ts';
import { packPlan } from '../../src/pipeline/packed-plan.ts';
import type { Plan } from '../../src/pipeline/plan.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A plan, or what stands against it, as lines: all that is not at its default, without the places of what is right. */
export function planSummary(checked: Checked<Plan>): string {
  const lines = checked.diagnostics.map(diagnosticLine);
  if (!checked.ok) return [...lines, 'no plan', ''].join('\n');
  const packed = packPlan(checked.value) as Fields & { readonly jobs: readonly Fields[] };
  const { jobs, digest: _digest, stages: _stages, file, ...plan } = packed;
  lines.push(...fields(plan, { ...PLAN, name: file }, ''));
  for (const { id, steps, ...job } of jobs) {
    lines.push(`job ${id}`, ...fields(job, { ...JOB, name: id }, '  '));
    for (const { id: step, ...one } of steps as readonly Fields[])
      lines.push(`  step ${step}`, ...fields({ shell: 'sh', ...one }, { ...STEP, name: one.run }, '    '));
  }
  return [...lines, ''].join('\n');
}

const PLAN = { schemaVersion: 1, format: 1, dialect: 'github' };
const JOB = { stage: 'main', timeoutMs: 21_600_000 };
const STEP = { shell: 'bash -e {0}' };

/** What is not as usual. */
function fields(value: Fields, usual: Fields, indent: string): string[] {
  return Object.entries(value).flatMap(([key, field]) => {
    if (key === 'place') return [];
    const isEmpty = field !== null && typeof field === 'object' && Object.keys(field).length === 0;
    if (isEmpty || field === '' || field === null || usual[key] === field) return [];
    return [`${indent}${key}: ${JSON.stringify(field, withoutPlaces)}`];
  });
}

function withoutPlaces(key: string, value: unknown): unknown {
  return key === 'place' || value === null || (Array.isArray(value) && value.length === 0)
    ? undefined
    : value;
}

function diagnosticLine({ severity, code, message, place, suggestion }: Diagnostic): string {
  const at = place ? `${place.start.line}:${place.start.column}` : '-';
  return `${severity} ${at} ${code}: ${message}${suggestion === undefined ? '' : ` -> ${suggestion}`}`;
}
