import type { JsonObject } from '../base/json.ts';
import type { Cause, Reason } from '../journal/run-event.ts';
import { decisionSentence, evaluateCondition } from '../pipeline/expression.ts';
import type { PlanStep } from '../pipeline/plan.ts';
import type { JobMessage, StepFinished } from './contract.ts';
import type { Environment } from './environment.ts';
import type { JobState } from './job-state.ts';
import type { Phase, Stopping } from './stopping.ts';

const STATUS_FUNCTION = /\b(success|failure|cancelled|always)\s*\(/i;

/** What is recorded of a step that does not run, with the reason; null: it runs. `variables`: those of the job. */
export function reasonToSkip(
  step: PlanStep,
  phase: Phase,
  state: JobState,
  stopping: Stopping,
  variables: Environment,
): StepFinished | null {
  const { message } = state;
  const skipped = (
    outcome: 'skipped' | 'cancelled' | 'errored',
    cause: Cause | null,
    reason: Reason | null,
  ): StepFinished => ({ ...unrunStep(message, step), outcome, cause, reason });
  const asked = stopping.stepCause(step.id);
  if (asked) return skipped('cancelled', asked, { sentence: 'cancelled before it started' });
  if (stopping.graceIsOver) {
    return skipped('skipped', null, {
      sentence: `the ${message.job.cleanupGraceMs} ms for clean-up were over`,
    });
  }
  const hasFailed = state.failure !== null || state.isStopped;
  if (phase === 'cleanup' && step.when === 'on-failure' && !hasFailed) {
    return skipped('skipped', null, { sentence: 'it runs only on failure, and nothing failed' });
  }
  if (step.if === null && (phase === 'cleanup' || !hasFailed)) return null;
  const context = state.context(variables);
  const blind = phase === 'cleanup' && !STATUS_FUNCTION.test(step.if?.source ?? '');
  const status = blind ? { failed: false, cancelled: false, skippedNeed: false } : context.status;
  const result = evaluateCondition(step.if, { ...context, status }, state.causes);
  if (!result.ok) {
    const sentence = `the condition of step ${step.id}: ${result.message}`;
    return skipped('errored', { kind: 'invalid', message: sentence }, { sentence });
  }
  if (result.condition.met) return null;
  const { decision } = result.condition;
  return skipped('skipped', null, {
    sentence: `skipped: ${decisionSentence(decision)}`,
    decision: decision as unknown as JsonObject,
  });
}

/** The receipt of a step that started no process. */
export function unrunStep({ cell, attempt }: JobMessage, step: PlanStep): StepFinished {
  return {
    type: 'step.finished',
    cell,
    attempt,
    step: step.id,
    try: 1,
    outcome: 'skipped',
    cause: null,
    durationMs: 0,
    outputs: {},
    exported: { variables: {}, path: [] },
    log: { bytes: 0, lines: 0 },
    usage: null,
    reason: null,
    patterns: [],
  };
}
