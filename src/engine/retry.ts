import type { Cause } from '../journal/run-event.ts';
import type { RetryCause, RetryPolicy } from '../pipeline/plan.ts';
import type { CellReport } from './report.ts';

/**
 * Whether a failed attempt is followed by another: null, or the delay and the sentence that says why.
 * Only failures are retried; a cancellation or an error of ours never is.
 */
export function retryOf(
  policy: RetryPolicy,
  attempt: number,
  report: CellReport,
): { readonly afterMs: number; readonly sentence: string } | null {
  if (report.outcome !== 'failed' || attempt > policy.max) return null;
  // What a gate says no to is not asked again until it says yes.
  if (report.cause?.kind === 'gate' || report.cause?.kind === 'deployment') return null;
  const matched =
    policy.on.length === 0 ? 'it failed' : policy.on.map((cause) => matches(cause, report)).find(Boolean);
  if (!matched) return null;
  const afterMs = Math.round(policy.delayMs * policy.backoff ** (attempt - 1));
  return { afterMs, sentence: `attempt ${attempt + 1} of ${policy.max + 1} because ${matched}` };
}

function matches(retry: RetryCause, { cause, patterns }: CellReport): string | null {
  switch (retry.kind) {
    case 'exit-code':
      return cause?.kind === 'exit-code' && retry.codes.includes(cause.code)
        ? `the exit code was ${cause.code}`
        : null;
    case 'signal':
      return cause?.kind === 'signal' && (retry.signals.length === 0 || retry.signals.includes(cause.signal))
        ? `${cause.signal} ended it`
        : null;
    case 'timeout':
      return isTimeout(cause) ? 'it took too long' : null;
    case 'lost':
      return cause?.kind === 'lost' ? 'it was lost' : null;
    case 'output':
      return patterns.includes(retry.pattern) ? `its output contained "${retry.pattern}"` : null;
  }
}

/** A stage's or the run's deadline is final: only what was too slow by itself is tried again. */
function isTimeout(cause: Cause | null): boolean {
  return (
    cause?.kind === 'silence' ||
    (cause?.kind === 'timeout' && (cause.scope === 'job' || cause.scope === 'step'))
  );
}
