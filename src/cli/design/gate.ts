import { DEPLOYMENT_PRESETS } from '../../gate/policy/production.ts';
import { demandsOf, resolveCondition } from '../../gate/policy/resolve.ts';
import type { Plan } from '../../pipeline/plan.ts';
import type { GateCondition } from '../../pipeline/plan-gate.ts';

export interface GateDesign {
  readonly gate: string;
  /** The job, or the environment that it protects. */
  readonly where: string;
  readonly threshold: string;
  /** `full`: nobody has to look. */
  readonly automation: 'full';
  readonly blocking: boolean;
}

/** Every condition of the plan with what it demands when its preset is filled in. */
export function gatesOf({ jobs, environments }: Plan): GateDesign[] {
  return [
    ...jobs.flatMap((job) => job.gates.map((condition) => gateOf(condition, job.id))),
    ...environments.flatMap(({ name, protection }) =>
      (protection?.gates ?? []).map((condition) => gateOf(condition, name)),
    ),
  ];
}

function gateOf(condition: GateCondition, where: string): GateDesign {
  const { checks, mode, scope } = resolveCondition(condition);
  const demands = checks.flatMap(demandsOf).map(({ metric, limit }) => {
    if (limit.kind === 'not-below') return `${metric} not below the target branch`;
    return `${metric} ${limit.kind === 'at-least' ? '>=' : '<='} ${limit.value}`;
  });
  const during =
    condition.preset !== null && DEPLOYMENT_PRESETS.includes(condition.preset)
      ? ', during the deployment'
      : '';
  return {
    gate: condition.name,
    where,
    threshold: `${demands.join(', ')}${scope === 'new' ? ' on changed lines' : ''}${during}`,
    automation: 'full',
    blocking: mode === 'block',
  };
}
