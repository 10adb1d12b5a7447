import type { AnalysisPlan } from './analysis-plan.ts';

/** Whether latency is judged by thresholds that are frozen from the stable version. */
export function judgesLatency(analysis: AnalysisPlan | null): boolean {
  if (analysis === null) return false;
  return (
    analysis.policy.triggers.some(({ kind }) => kind === 'latency') ||
    analysis.samples.some(({ bad, source }) => bad.kind === 'latency' && source === null)
  );
}
