import type { Plan, PlanJob } from '../../pipeline/plan.ts';

/**
 * The plan of a change, under the policy of the branch that it goes to. Of `target` come the conditions that it has, the waivers, and
 * how environments are protected; a condition that the change adds is judged too. A job with gates holds as it does there: by
 * the same condition, and not as one that may fail, and what starts the pipeline there still does. Where the change has no such job any more, a job of that name judges these
 * gates by what all others report, before anything is deployed. Pure.
 */
export function withPolicyOf(plan: Plan, target: Plan): Plan {
  const gated = new Map(target.jobs.filter(({ gates }) => gates.length > 0).map((job) => [job.id, job]));
  const missing = [...gated.values()].filter(({ id }) => !plan.jobs.some((job) => job.id === id));
  const kept = plan.jobs.map((job) => {
    const policy = gated.get(job.id);
    return policy ? withGatesOf(job, policy) : job;
  });
  const ids = missing.map(({ id }) => id);
  const deploying = kept.map((job) => (job.deploy ? { ...job, needs: [...job.needs, ...ids] } : job));
  const needs = beforeDeployments(plan).map(({ id }) => id);
  const protections = new Map(target.environments.map((one) => [one.name, one]));
  const startsAlways = plan.triggers.length === 0 || target.triggers.length === 0;
  return {
    ...plan,
    triggers: startsAlways ? [] : [...target.triggers, ...plan.triggers],
    jobs: [...deploying, ...missing.map((job) => judgingJob(job, plan, needs))],
    waivers: target.waivers,
    environments: plan.environments.map((environment) => {
      const { type, protection } = protections.get(environment.name) ?? environment;
      return { ...environment, type, protection };
    }),
  };
}

function withGatesOf(job: PlanJob, policy: PlanJob): PlanJob {
  const names = policy.gates.map(({ name }) => name);
  return {
    ...job,
    if: policy.if,
    allowFailure: job.allowFailure && policy.allowFailure,
    gates: [...policy.gates, ...job.gates.filter(({ name }) => !names.includes(name))],
  };
}

/** Stands for a job that the change has not: it does nothing but judge. */
function judgingJob(job: PlanJob, plan: Plan, needs: readonly string[]): PlanJob {
  const isThere = plan.stages.some(({ name }) => name === job.stage);
  return {
    ...job,
    stage: isThere ? job.stage : plan.stages.at(-1)!.name,
    needs,
    // Whether a job before it was skipped is for the gates to judge.
    if: { source: '!failure() && !cancelled()', place: job.place },
    matrix: null,
    variables: {},
    secrets: [],
    concurrency: null,
    steps: [],
    cleanup: [],
    outputs: {},
    work: null,
    container: null,
    services: [],
    caches: [],
    downloads: [],
    artifacts: [],
    reports: [],
    workflow: null,
    refusals: [],
  };
}

/** Jobs that deploy nothing and wait for no deployment. */
function beforeDeployments({ jobs }: Plan): readonly PlanJob[] {
  const after = new Set(jobs.filter(({ deploy }) => deploy !== null).map(({ id }) => id));
  // A plan has its jobs in any order: those behind a deployment are found from it on.
  for (const id of after) for (const job of jobs) if (job.needs.includes(id)) after.add(job.id);
  return jobs.filter(({ id }) => !after.has(id));
}
