import type { Checked, Diagnostic } from '../../base/diagnostic.ts';
import { leadsToProduction } from '../../gate/guarantee.ts';
import { checkConditions } from '../../gate/policy/check.ts';
import { protectionOf } from '../../gate/policy/production.ts';
import { checkWaivers } from '../../gate/waiver.ts';
import type { Plan } from '../../pipeline/plan.ts';

/**
 * Checks what the gates and waivers of a plan mean, which the pipeline's own checks do not know: metrics, limits, names, expiry.
 * An error stops the load.
 */
export function withGatesChecked(checked: Checked<Plan>, nowMs: number): Checked<Plan> {
  if (!checked.ok) return checked;
  const found = problemsOf(checked.value, nowMs);
  if (found.length === 0) return checked;
  const diagnostics = [...checked.diagnostics, ...found];
  return found.some(({ severity }) => severity === 'error')
    ? { ok: false, diagnostics }
    : { ...checked, diagnostics };
}

function problemsOf(plan: Plan, nowMs: number): Diagnostic[] {
  const protections = plan.environments.map((environment) => ({
    gates: protectionOf(environment).gates,
    isProduction: environment.type === 'production',
    isOwn: environment.protection !== null,
  }));
  const names = [...plan.jobs, ...protections].flatMap(({ gates }) => gates.map(({ name }) => name));
  return [
    ...plan.jobs.flatMap(({ id, gates }) =>
      gates.length === 0 ? [] : checkConditions(gates, leadsToProduction(plan, id)),
    ),
    ...protections.flatMap(({ gates, isProduction, isOwn }) =>
      isOwn ? checkConditions(gates, isProduction) : [],
    ),
    ...checkWaivers(plan.waivers, names, nowMs),
  ];
}
