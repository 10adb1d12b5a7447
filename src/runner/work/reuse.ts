import { lstatSync } from 'node:fs';
import type { Fingerprint, WorkResult } from '../../cache/contract.ts';
import type { KeptArtifact, WorkUse } from '../../journal/run-event.ts';
import type { JobReport } from '../contract.ts';
import { logFile, stepKey } from '../log/paths.ts';

/** Whether the logs of a result lie as they were written. `directory`: Sluice's data folder. */
export function areLogsWhole(directory: string, { runId, cell, attempt, logs }: WorkResult): boolean {
  return logs.every(({ step, try: tryNumber, bytes }) => {
    if (bytes === 0) return true;
    const file = logFile(directory, runId, cell, attempt, stepKey(step, tryNumber));
    return lstatSync(file, { throwIfNoEntry: false })?.size === bytes;
  });
}

/** What is told of work that was taken over. */
export function reusedUse(
  { digest, inputs }: Pick<Fingerprint, 'digest' | 'inputs'>,
  result: WorkResult,
): WorkUse {
  const { runId, cell, attempt, logs, durationMs } = result;
  const count = Object.keys(inputs).length;
  return {
    fingerprint: digest,
    reusedFrom: runId,
    sentence: `nothing changed since run ${runId}: ${count} input${count === 1 ? '' : 's'} compared`,
    savedMs: durationMs,
    logs: {
      cell,
      attempt,
      steps: logs
        .filter(({ bytes }) => bytes > 0)
        .map(({ step, try: tryNumber }) => ({ step, try: tryNumber })),
    },
  };
}

/** The report of a job whose result was taken over. */
export function reusedReport(
  fingerprint: Fingerprint,
  result: WorkResult,
  kept: readonly KeptArtifact[],
  durationMs: number,
): JobReport {
  return {
    outcome: 'succeeded',
    cause: null,
    step: null,
    durationMs: Math.round(durationMs),
    outputs: result.outputs,
    tail: [],
    patterns: [],
    extras: { ...(kept.length > 0 ? { kept } : {}), work: reusedUse(fingerprint, result) },
  };
}
