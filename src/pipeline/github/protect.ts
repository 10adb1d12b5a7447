import { isTemplate } from '../expression-template.ts';
import type { Plan, PlanJob } from '../plan.ts';
import { PLAIN_JOB } from '../plan-default.ts';
import type { EnvironmentDefinition, Protection } from '../plan-environment.ts';

const STATUS_FUNCTION = /\b(success|failure|cancelled|always)\s*\(/i;

/**
 * The plan of a workflow in which people are asked before a job of a protected environment: an approval of its own stands before it,
 * under the job's own condition. A job whose environment has more than that to be held to is refused.
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
    const beyond = notAsked(protection);
    if (beyond.length > 0) {
      const message = `the ${beyond.join(' and ')} of the environment ${name} cannot be asked for before a job of a workflow; deploy with a pipeline of ours`;
      return [{ ...job, refusals: [...job.refusals, { feature: 'environment', message, place: job.place }] }];
    }
    if (protection.approvals === 0) return [job];
    let id = `${job.id}-approval`;
    while (taken.has(id)) id += '_';
    return [approvalBefore(job, id, name, protection), afterApproval(job, id)];
  });
  return { ...plan, jobs };
}

/** Which environment it is, is known too late to ask anybody, so that it must not be a protected one. */
function refusing(job: PlanJob, environments: readonly EnvironmentDefinition[]): PlanJob {
  const refused = environments
    .filter(({ protection: held }) => held && (held.approvals > 0 || notAsked(held).length > 0))
    .map(({ name }) => name);
  const workflow = job.workflow!;
  return { ...job, workflow: { ...workflow, environment: { ...workflow.environment!, refused } } };
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function notAsked({ windows, freezes, gates, branches }: Protection): readonly string[] {
  const parts = { windows, freezes, gates, branches };
  return Object.entries(parts).flatMap(([name, list]) => (list.length > 0 ? [name] : []));
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
