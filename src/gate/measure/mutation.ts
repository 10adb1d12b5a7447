import type { Mutant } from '../facts/mutant.ts';
import {
  compareText,
  firstRows,
  type Limit,
  type Measurement,
  measured,
  percentOf,
  unmeasured,
} from './measurement.ts';
import type { FactView } from './view.ts';

const DETECTED: readonly string[] = ['Killed', 'Timeout'];
const UNDETECTED: readonly string[] = ['Survived', 'NoCoverage'];

/** The mutants that count; those that were ignored, or made no valid program, do not. */
function mutantsOf(view: FactView, scope: 'all' | 'new') {
  const { reports, problem } = view.reportsOf('mutants');
  const mutants = reports
    .flatMap(({ facts }) => facts.mutants)
    .filter(({ path, status }) => view.hasFile(path) && [...DETECTED, ...UNDETECTED].includes(status));
  if (scope === 'all' || problem) return { mutants, problem };
  const { change } = view;
  if (!change) {
    return { mutants, problem: unmeasured('no-base', 'the merge base with the target branch is not known') };
  }
  const touched = mutants.filter(({ path, line }) => line !== null && change.addsLine(path, line));
  const none = unmeasured('not-applicable', 'no mutant is on a changed line');
  return { mutants: touched, problem: touched.length === 0 ? none : null };
}

/** Percent of the mutants that a test noticed: (killed + timeout) of (these + survived + no coverage). */
export function mutationScore(view: FactView, scope: 'all' | 'new'): Measurement {
  const { mutants, problem } = mutantsOf(view, scope);
  if (problem) return problem;
  const survived = mutants.filter(({ status }) => UNDETECTED.includes(status));
  const detected = mutants.length - survived.length;
  return percentOf(detected, mutants.length, 'mutant that counts', {
    rows: () => rowsOf(survived),
    wayOut: (limit) => moreKilled(mutants.length, detected, survived, limit),
  });
}

/** How many mutants no test noticed. */
export function mutantsSurvived(view: FactView, scope: 'all' | 'new'): Measurement {
  const { mutants, problem } = mutantsOf(view, scope);
  if (problem) return problem;
  const survived = mutants.filter(({ status }) => UNDETECTED.includes(status));
  if (mutants.length === 0) return unmeasured('empty', 'there is no mutant that counts');
  return measured(survived.length, mutants.length, { rows: () => rowsOf(survived) });
}

function moreKilled(
  total: number,
  detected: number,
  survived: readonly Mutant[],
  limit: Limit,
): string | null {
  if (limit.kind === 'at-most') return null;
  const needed = Math.ceil(Number(((limit.value / 100) * total).toFixed(6))) - detected;
  if (needed <= 0) return null;
  const first = rowsOf(survived).shown[0]!;
  return `${needed} more killed ${needed === 1 ? 'mutant' : 'mutants'} would pass, beginning with ${first.text}`;
}

function rowsOf(mutants: readonly Mutant[]) {
  return firstRows(mutants, compareMutants, ({ path, line, mutator, status }) => ({
    kind: 'mutant',
    text: `${mutator} in ${path}${line === null ? '' : `:${line}`} (${status})`,
    path,
    line,
    fingerprint: null,
  }));
}

function compareMutants(a: Mutant, b: Mutant): number {
  return (
    compareText(a.path, b.path) ||
    (a.line ?? 0) - (b.line ?? 0) ||
    compareText(a.mutator, b.mutator) ||
    compareText(a.status, b.status)
  );
}
