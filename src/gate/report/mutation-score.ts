import type { FactSink } from '../facts/facts.ts';
import type { Doubts } from './value.ts';

/** The status words of a mutation tester that count; all others (ignored, not compiled, pending) do not. */
export interface MutationWords {
  readonly detected: readonly string[];
  readonly survived: string;
  readonly uncovered: string;
}

/**
 * The mutation score of these counts by status: detected of those that were tried, in percent. Tells it to the sink, or that
 * nothing was tried. `ofCovered`: the same without the mutants that no test reached.
 */
export function mutationScore(
  counts: Readonly<Record<string, number>>,
  { detected: words, survived, uncovered }: MutationWords,
  sink: FactSink,
  doubts: Doubts,
) {
  const of = (status: string): number => counts[status] ?? 0;
  const detected = words.reduce((sum, status) => sum + of(status), 0);
  const undetected = of(survived) + of(uncovered);
  const valid = detected + undetected;
  if (valid === 0) doubts.add('empty', 'the report has no mutant that was tried');
  doubts.end();
  const score = percent(detected, valid);
  if (score !== null) sink.metric({ name: 'mutation.score', value: score, unit: '%' });
  const figures = { status: { ...counts }, detected, undetected, valid, mutation_score: score };
  return { figures, ofCovered: percent(detected, valid - of(uncovered)) };
}

/** With four decimals; null for a share of nothing. */
function percent(part: number, whole: number): number | null {
  return whole === 0 ? null : Number(((100 * part) / whole).toFixed(4));
}
