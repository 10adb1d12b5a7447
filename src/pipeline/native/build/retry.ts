import type * as z from 'zod';
import type { RetryCause, RetryPolicy } from '../../plan.ts';
import type { retry } from '../schema/retry.ts';
import { durationMs, listOf } from './text.ts';

type RetryDefinition = z.input<ReturnType<typeof retry>>;

export const NO_RETRY: RetryPolicy = { max: 0, delayMs: 0, backoff: 1, on: [] };

export function retryOf(definition: RetryDefinition | undefined): RetryPolicy | null {
  if (definition === undefined) return null;
  if (typeof definition === 'number') return { ...NO_RETRY, max: definition };
  return {
    max: definition.max ?? 1,
    delayMs: durationMs(definition.delay, 0),
    backoff: definition.backoff ?? 1,
    on: (definition.on ?? []).flatMap(causesOf),
  };
}

type CauseDefinition = NonNullable<Exclude<RetryDefinition, number>['on']>[number];

function causesOf(cause: CauseDefinition): RetryCause[] {
  if (typeof cause === 'string') return [{ kind: cause }];
  const causes: RetryCause[] = [];
  if (cause.exit_code !== undefined) causes.push({ kind: 'exit-code', codes: listOf(cause.exit_code) });
  if (cause.signal !== undefined) causes.push({ kind: 'signal', signals: listOf(cause.signal) });
  if (cause.output !== undefined) causes.push({ kind: 'output', pattern: cause.output });
  return causes;
}
