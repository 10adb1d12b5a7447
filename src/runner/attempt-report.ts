import type { JobReport } from './contract.ts';
import { type Failure, fill, type JobState } from './job-state.ts';
import { logFile, stepKey } from './log/paths.ts';
import { readLogTail } from './log/tail.ts';
import { JobProblem } from './problem.ts';
import { outputPatterns } from './retry.ts';
import type { JobSetup } from './step-setup.ts';

const TAIL_LINES = 20;

/** What is told of an attempt whose steps are over. `directory`: Sluice's data folder, where the logs lie. */
export function reportAttempt(
  state: JobState,
  setup: JobSetup,
  directory: string,
  durationMs: number,
): JobReport {
  const stop = state.stopCause;
  let { failure } = state;
  if (stop) {
    const outcome = stop.kind === 'cancelled' ? 'cancelled' : 'failed';
    failure = { step: failure?.step ?? null, try: failure?.try ?? 1, outcome, cause: stop };
  }
  let outputs: Record<string, string> = {};
  try {
    outputs = jobOutputs(state, setup);
  } catch (error) {
    if (!(error instanceof JobProblem)) throw error;
    failure ??= {
      step: null,
      try: 1,
      outcome: 'errored',
      cause: { kind: 'invalid', message: error.message },
    };
  }
  const wanted = outputPatterns([state.message.job.retry]);
  const extras = state.extras.told();
  return {
    outcome: failure?.outcome ?? (state.warned ? 'warned' : 'succeeded'),
    cause: failure?.cause ?? state.warned?.cause ?? null,
    step: failure?.step ?? state.warned?.step ?? null,
    durationMs: Math.round(durationMs),
    outputs,
    tail: failure ? failureTail(state, directory, failure) : [],
    patterns: wanted.length === 0 ? [] : wanted.filter((pattern) => state.patterns.has(pattern)),
    ...(state.warnings.length > 0 ? { warnings: state.warnings } : {}),
    ...(extras ? { extras } : {}),
  };
}

function jobOutputs(state: JobState, setup: JobSetup): Record<string, string> {
  const outputs: Record<string, string> = {};
  for (const [name, template] of Object.entries(state.message.job.outputs)) {
    const value = fill(template, `output ${name}`, () => state.context(setup.variables, false));
    if (setup.redaction.reveals(value)) state.warnings.push(`output ${name} holds a secret and was dropped`);
    else outputs[name] = value;
  }
  return outputs;
}

function failureTail(state: JobState, directory: string, failure: Failure): string[] {
  const { runId, cell, attempt } = state.message;
  const { step, cause } = failure;
  if (cause.kind === 'invalid' || cause.kind === 'internal' || cause.kind === 'surroundings')
    return [cause.message];
  if (cause.kind === 'gate') return state.gateLines.slice(0, TAIL_LINES);
  if (cause.kind === 'could-not-start') return [cause.reason];
  if (step === null) return [];
  return readLogTail(logFile(directory, runId, cell, attempt, stepKey(step, failure.try)), TAIL_LINES);
}
