import type { Place } from '../base/diagnostic.ts';
import type { Plan, PlanJob, Refusal } from './plan.ts';
import type { PlanContainer } from './plan-isolation.ts';

/** Where a pipeline is described; what an untrusted run takes from the base without being asked. */
export const PROTECTED_PATHS = [
  '.sluice',
  '.github/workflows',
  '.github/sluice-actions.lock',
  'sluice.yaml',
  'sluice.yml',
  'pipeline.yaml',
  'pipeline.yml',
  'sluice.ts',
] as const;

/**
 * The plan of an untrusted run. Jobs run in the sandbox without a network, or in their container. A job that asks for what only
 * trusted code may have runs nothing, and its refusals say what and where; a job that its condition skips is not concerned.
 */
export function restrictedPlan(plan: Plan): Plan {
  return { ...plan, jobs: plan.jobs.map(restrictedJob) };
}

/** Files and folders that an untrusted run takes from the base: with what is in them. */
export function protectedPaths(plan: Plan): readonly string[] {
  return [...new Set([...PROTECTED_PATHS, plan.file, ...plan.protectedPaths])];
}

/** What the job asks for that an untrusted run does not get: sentences about the job, each with its place. */
export function untrustedRefusals(job: PlanJob): readonly Refusal[] {
  return [...secretRefusals(job), ...isolationRefusals(job), ...volumeRefusals(job), ...deployRefusals(job)];
}

function restrictedJob(job: PlanJob): PlanJob {
  const { isolation } = job;
  const isSandboxed = job.container === null && (isolation.mode === null || isolation.mode === 'sandbox');
  return {
    ...job,
    // Through the machine's own network a job reaches what listens on it, abstract sockets too. A container has its own.
    isolation: isSandboxed ? { ...isolation, mode: 'sandbox', network: 'none' } : isolation,
    // As on GitHub, a secret that may be missing is missing.
    secrets: job.secrets.filter(({ optional }) => !optional),
    // They are read while the job goes on, and would be for a shell or a rerun among these files.
    snapshots: false,
    refusals: [...job.refusals, ...untrustedRefusals(job)],
  };
}

function secretRefusals(job: PlanJob): Refusal[] {
  const needed = job.secrets.filter(({ optional }) => !optional);
  if (needed.length === 0) return [];
  const names = needed.map(({ name }) => name).join(', ');
  const which = needed.length === 1 ? `the secret ${names}` : `the secrets ${names}`;
  return [refusalOf('secrets', `job ${job.id} is granted ${which}`, job.place)];
}

function isolationRefusals(job: PlanJob): Refusal[] {
  const { mode, readable } = job.isolation;
  const found: Refusal[] = [];
  if (mode === 'process')
    found.push(refusalOf('isolation', `job ${job.id} asks to run without isolation`, job.place));
  if (readable.length > 0)
    found.push(
      refusalOf('readable', `job ${job.id} asks for ${readable.join(', ')} of this machine`, job.place),
    );
  return found;
}

/** A named volume too: it outlives the run, and a trusted one may read it. */
function volumeRefusals(job: PlanJob): Refusal[] {
  const containers: [string, PlanContainer][] = job.services.flatMap((service) =>
    service.kind === 'container' ? [[`service ${service.name} of job ${job.id}`, service.container]] : [],
  );
  if (job.container) containers.unshift([`the container of job ${job.id}`, job.container]);
  return containers
    .filter(([, { volumes }]) => volumes.length > 0)
    .map(([what, { volumes, place }]) => refusalOf('volumes', `${what} mounts ${volumes.join(', ')}`, place));
}

function deployRefusals(job: PlanJob): Refusal[] {
  return job.deploy
    ? [refusalOf('environment', `job ${job.id} deploys to ${job.deploy.environment}`, job.place)]
    : [];
}

function refusalOf(feature: string, fact: string, place: Place): Refusal {
  const message = `${fact}, which an untrusted run may not; skip it there with \`if: run.trust == 'trusted'\``;
  return { feature, message, place };
}
