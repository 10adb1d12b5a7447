import { judgesLatency } from '../judges-latency.ts';
import type { DeploymentPlan } from '../plan.ts';
import type { ReleaseRequest } from '../release-request.ts';
import { admissionOf } from './admission.ts';
import { compileAnalysis } from './analysis.ts';
import { foresee } from './foresight.ts';
import { forthDrafts, type Mode } from './forth.ts';
import { notesOf, refusalsOf } from './notes.ts';
import { settle } from './resolve.ts';
import { finishSteps } from './step.ts';
import { wayBackOf } from './way-back.ts';

/**
 * A release, its environment and what was observed there as a plan, with the way back. Pure. Without a healthy stable version
 * there is nothing to compare with: then health and smoke tests decide, whatever the strategy, and the plan says so.
 */
export function compilePlan(request: ReleaseRequest): DeploymentPlan {
  const { environment, service, stable } = request;
  const settled = settle(request);
  const mode: Mode = stable === null ? 'first' : stable.isHealthy ? 'compare' : 'replace';
  const analysis = mode === 'compare' ? compileAnalysis(request) : null;
  const isJudged = analysis !== null && analysis.plan.policy.triggers.length > 0;
  const freezes = isJudged && judgesLatency(analysis.plan);
  const steps = finishSteps('step', forthDrafts(request, settled, mode, freezes), settled);
  const expectedMs = steps.reduce((sum, step) => sum + step.expectedMs, 0);
  const wayBack = wayBackOf(request, settled, mode);
  const canJudge = isJudged || !steps.some(({ action }) => action.type === 'observe');
  return {
    schemaVersion: 1,
    service: service.name,
    environment: environment.name,
    environmentType: environment.type,
    candidate: request.candidate,
    stable: stable?.digest ?? null,
    strategy: settled.type,
    refusals: [
      ...refusalsOf(request, settled, expectedMs),
      ...(analysis?.refusals ?? []),
      ...(canJudge ? [] : ['a canary needs figures to judge it by, and there are none; give it a source']),
    ],
    admission: admissionOf(request),
    routing: { sticky: settled.sticky, match: settled.match },
    healthChecks: [...service.healthChecks, ...environment.healthChecks],
    analysis: isJudged ? analysis.plan : null,
    steps,
    wayBack,
    expectedMs,
    deadlineMs: environment.timeoutMs ?? steps.reduce((sum, step) => sum + step.deadlineMs, 0),
    foresight: isJudged ? foresee(steps, analysis.plan, request.observed) : null,
    notes: [...notesOf(request, settled, mode, wayBack), ...(analysis?.notes ?? [])],
  };
}
