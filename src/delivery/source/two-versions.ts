import type { Version } from '../plan.ts';
import type { Answer } from './answer.ts';
import type { Reading, Source, Span } from './contract.ts';
import { type Counters, countsBetween } from './counter.ts';
import { Mark } from './mark.ts';

/** A question about one version. Equal texts ask the same. */
export interface Question<T> {
  readonly text: string;
  ask(span: Span): Promise<Answer<T>>;
}

/** Makes the question about a version; throws when its template cannot be filled in. */
export type Questions<T> = (version: Version) => Question<T>;

/** A source that gives one figure for each version, of a metric of the user's own. */
export function figureSource(kind: Source['kind'], name: string, questions: Questions<number>): Source {
  const read = async (span: Span): Promise<Reading> => {
    if (span.fromMs >= span.toMs) return none(name, 'is asked from now on');
    const { candidate, stable } = await askBoth(questions, span);
    if ('problem' in candidate) return none(name, candidate.problem);
    const figures = { kind: 'figures', candidate: candidate.value } as const;
    if (stable === null) return { ...figures, stable: null, reason: null };
    if ('problem' in stable) return { ...figures, stable: null, reason: `${name} ${stable.problem}` };
    return { ...figures, stable: stable.value, reason: null };
  };
  return { kind, read, quantiles: async () => null, close: async () => {} };
}

/** A source that tells what each version has done since its counters began. */
export function countingSource(kind: Source['kind'], name: string, questions: Questions<Counters>): Source {
  const mark = new Mark<{ readonly candidate: Counters; readonly stable: Counters }>();
  const read = async (span: Span): Promise<Reading> => {
    const before = mark.at(span);
    const { candidate, stable } = await askBoth(questions, span);
    if ('problem' in candidate) return none(name, candidate.problem);
    if (stable !== null && 'problem' in stable) return none(name, stable.problem);
    const now = { candidate: candidate.value, stable: stable?.value ?? NOTHING };
    mark.set(span, now);
    if (before === null) return none(name, 'counts from now on');
    const canary = countsBetween(before.candidate, now.candidate);
    const baseline = countsBetween(before.stable, now.stable);
    if (canary === null || baseline === null) return none(name, ANEW);
    return { kind: 'window', window: { at: span.toMs, canary, baseline } };
  };
  return { kind, read, quantiles: async () => null, close: async () => {} };
}

/** Why counters that went back, or have another epoch, tell nothing. */
export const ANEW =
  'began its counts anew; what happened in between is not known, and the next look counts again';

/** No reading, for this reason. */
export function none(name: string, problem: string): Reading {
  return { kind: 'none', reason: `${name} ${problem}` };
}

const NOTHING: Counters = { epoch: '', counts: { requests: 0, errors: 0 } };
const SAME = 'asks the same for both versions; tell them apart by `deploy.arm` or `deploy.version`';

/** Asks about both versions at the same time. `stable` null: there is none. */
export async function askBoth<T>(
  questions: Questions<T>,
  span: Span,
): Promise<{ readonly candidate: Answer<T>; readonly stable: Answer<T> | null }> {
  const candidate = makeQuestion(questions, 'candidate');
  const stable = span.stable === null ? null : makeQuestion(questions, 'stable');
  const isSame = stable !== null && candidate.text === stable.text;
  const [first, second] = await Promise.all([candidate.ask(span), isSame ? null : stable?.ask(span)]);
  return { candidate: first, stable: isSame ? { problem: SAME } : (second ?? null) };
}

function makeQuestion<T>(questions: Questions<T>, version: Version): Question<T> {
  try {
    return questions(version);
  } catch (error) {
    const problem = `cannot be asked: ${(error as Error).message}`;
    return { text: version, ask: async () => ({ problem }) };
  }
}
