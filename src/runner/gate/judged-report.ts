import type { JsonObject } from '../../base/json.ts';
import type { GateResult } from '../../gate/result.ts';
import type { JobReport } from '../contract.ts';
import { blockingLines, gateCause, warningsOf } from './judge-job.ts';

/** The report of a job of which nothing else went wrong, with what its gates came to. */
export function judgedReport(report: JobReport, result: GateResult): JobReport {
  const warnings = [...(report.warnings ?? []), ...warningsOf(result)];
  const told = {
    ...report,
    ...(warnings.length > 0 ? { warnings } : {}),
    extras: { ...report.extras, gates: result as unknown as JsonObject },
  };
  if (result.effect === 'none') return told;
  const cause = { kind: 'gate', message: gateCause(result) } as const;
  if (result.effect === 'warns') return { ...told, outcome: 'warned', cause };
  return { ...told, outcome: 'failed', cause, tail: blockingLines(result) };
}
