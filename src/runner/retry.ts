import { unreachable } from '../base/unreachable.ts';
import type { Cause } from '../journal/run-event.ts';
import type { RetryCause, RetryPolicy } from '../pipeline/plan.ts';

/** How long to wait before the next try, or null when there is none. `tries`: how many there were. */
export function retryDelay(
  policy: RetryPolicy,
  tries: number,
  cause: Cause,
  patterns: readonly string[],
): number | null {
  if (tries > policy.max || cause.kind === 'cancelled') return null;
  if (policy.on.length > 0 && !policy.on.some((wanted) => applies(wanted, cause, patterns))) return null;
  return policy.delayMs * policy.backoff ** (tries - 1);
}

function applies(wanted: RetryCause, cause: Cause, patterns: readonly string[]): boolean {
  switch (wanted.kind) {
    case 'exit-code':
      return cause.kind === 'exit-code' && wanted.codes.includes(cause.code);
    case 'signal':
      return (
        cause.kind === 'signal' && (wanted.signals.length === 0 || wanted.signals.includes(cause.signal))
      );
    case 'timeout':
      return cause.kind === 'timeout';
    case 'lost':
      return cause.kind === 'lost';
    case 'output':
      return patterns.includes(wanted.pattern);
    default:
      return unreachable(wanted, 'every retry cause is known');
  }
}

/** The output patterns that the policies ask for. */
export function outputPatterns(policies: readonly RetryPolicy[]): string[] {
  const patterns: string[] = [];
  for (const policy of policies) {
    for (const wanted of policy.on) if (wanted.kind === 'output') patterns.push(wanted.pattern);
  }
  return patterns;
}
