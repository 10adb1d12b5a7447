import { isTemplate } from '../expression-template.ts';
import type { Plan, PlanJob } from '../plan.ts';
import { PLAIN_JOB } from '../plan-default.ts';
import type { EnvironmentDefinition, Protection } from '../plan-environment.ts';

const STATUS_FUNCTION = /\b(success|failure|cancelled|always)\s*\(/i;

/**
 * The plan of a workflow in which people are asked before a job of a protected environment: an approval of its own stands before it,
 * under the job's own condition. Branches, windows and freezes are looked at when the job begins. Gates judge what deploys, so that a
 * job whose environment has some is refused.
 */
export function withProtection(plan: Plan, environments: readonly EnvironmentDefinition[]): Plan {
  const taken = new Set(plan.jobs.map(({ id }) => id));
  const jobs = plan.jobs.flatMap((job): readonly PlanJob[] => {
    const name = job.workflow?.environment?.name;
    if (name === undefined) return [job];
    if (isTemplate(name)) return [refusing(job, environments)];
    // To GitHub names in capitals are the same.
    const protection = environments.find((one) => isSame(one.name, name))?.protection;
    if (!protection) return [job];
    if (protection.gates.length > 0) {
      const message = `the gates of the environment ${name} cannot be asked for before a job of a workflow; deploy with a pipeline of ours`;
      return [{ ...job, refusals: [...job.refusals, { feature: 'environment', message, place: job.place }] }];
    }
    const held = holding(job, protection);
    if (protection.approvals === 0) return [held];
    let id = `${job.id}-approval`;
    while (taken.has(id)) id += '_';
    return [approvalBefore(held, id, name, protection), afterApproval(held, id)];
  });
  return { ...plan, jobs };
}

/**
 * Which environment it is, is known too late to ask anybody, so that it must not be one with approvals or gates. What else protects
 * one is looked at when the job begins.
 */
function refusing(job: PlanJob, environments: readonly EnvironmentDefinition[]): PlanJob {
  const refused = environments
    .filter(({ protection }) => protection && (protection.approvals > 0 || protection.gates.length > 0))
    .map(({ name }) => name);
  const mayHold = environments.flatMap(({ name, protection }) => {
    if (!protection || refused.includes(name) || !isHeld(protection)) return [];
    const { branches, windows, freezes } = protection;
    return [{ name, branches, windows, freezes }];
  });
  const workflow = job.workflow!;
  return { ...job, workflow: { ...workflow, environment: { ...workflow.environment!, refused, mayHold } } };
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function isHeld({ windows, freezes, branches }: Protection): boolean {
  return windows.length + freezes.length + branches.length > 0;
}

function holding(job: PlanJob, protection: Protection): PlanJob {
  if (!isHeld(protection)) return job;
  const { branches, windows, freezes } = protection;
  const workflow = job.workflow!;
  const environment = { ...workflow.environment!, held: { branches, windows, freezes } };
  return { ...job, workflow: { ...workflow, environment } };
}

function approvalBefore(job: PlanJob, id: string, name: string, protection: Protection): PlanJob {
  const workflow = { ...job.workflow!, environment: null, call: null };
  return {
    ...job,
    ...PLAIN_JOB,
    id,
    name: id,
    matrix: null,
    variables: {},
    secrets: [],
    allowFailure: false,
    concurrency: null,
    steps: [],
    outputs: {},
    workflow,
    approval: {
      message: `${job.id} in the environment ${name}`,
      approvers: protection.approvers,
      count: protection.approvals,
      authorAllowed: protection.authorAllowed,
      form: {},
      expiresAfterMs: null,
      onExpiry: 'reject',
      place: job.place,
    },
  };
}

function afterApproval(job: PlanJob, id: string): PlanJob {
  const { workflow, if: condition } = job;
  const scope = workflow!.scope && {
    ...workflow!.scope,
    needs: { ...workflow!.scope.needs, [id]: { job: id } },
  };
  return {
    ...job,
    needs: [...job.needs, id],
    // A condition that also holds after a failure must not hold without the approval.
    if:
      condition && STATUS_FUNCTION.test(condition.source)
        ? { ...condition, source: `(${condition.source}) && needs['${id}'].result == 'success'` }
        : condition,
    workflow: { ...workflow!, ...(scope ? { scope } : {}) },
  };
}
