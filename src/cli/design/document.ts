import type { RunSummary } from '../../client/contract.ts';
import type { DeploymentSummary } from '../../client/deployment/contract.ts';
import type { Plan } from '../../pipeline/plan.ts';
import type { Forecast } from '../../pipeline/view/forecast.ts';
import { planMermaid } from '../../pipeline/view/plan-mermaid.ts';
import { type DeploymentDesign, deploymentsOf } from './deployment.ts';
import { type GateDesign, gatesOf } from './gate.ts';

/** The design of a pipeline: what it is by its plan, and what it was in its last runs. Plain data. */
export interface DesignDocument {
  readonly pipeline: string;
  readonly file: string;
  readonly summary: DesignSummary;
  readonly stages: readonly StageDesign[];
  /** Stages and jobs as a Mermaid flowchart. */
  readonly diagram: string;
  readonly deployments: readonly DeploymentDesign[];
  readonly gates: readonly GateDesign[];
  readonly approvals: readonly string[];
  readonly delivery: DeliveryFigures;
  /** What the plan lacks that such a document asks for; one sentence each. */
  readonly next: readonly string[];
}

export interface DesignSummary {
  readonly platform: string;
  readonly triggers: readonly string[];
  readonly stages: number;
  readonly jobs: number;
  /** The most jobs that could run at the same time. */
  readonly parallel: number;
  /** From start to end by the history of the jobs; null: there is none. */
  readonly expectedMs: number | null;
  readonly runs: RunFigures;
}

/** Of the runs that ended within the last days. */
export interface RunFigures {
  readonly days: number;
  readonly runs: number;
  readonly succeeded: number;
  readonly medianMs: number | null;
}

export interface StageDesign {
  readonly name: string;
  readonly dependsOn: readonly string[];
  readonly jobs: readonly {
    readonly id: string;
    readonly name: string;
    readonly cells: number | null;
    readonly durationMs: number | null;
    readonly steps: readonly string[];
  }[];
}

/** Deployments to production within the last days. null: there was none to tell by. */
export interface DeliveryFigures {
  readonly days: number;
  readonly deployments: number;
  readonly perDay: number | null;
  /** Share of those that went back, from 0 to 1. */
  readonly rolledBack: number | null;
}

const DAYS = 30;
const DAY_MS = 86_400_000;

/** Everything that is known of a pipeline: its plan, its forecast, its runs and deployments. */
export function designOf(
  plan: Plan,
  known: {
    readonly forecast: Forecast;
    readonly runs: readonly RunSummary[];
    readonly deployments: readonly DeploymentSummary[];
    readonly now: number;
  },
): DesignDocument {
  const { forecast, now } = known;
  const since = now - DAYS * DAY_MS;
  const stages = forecast.stages.map((stage) => ({
    name: stage.name,
    dependsOn: stage.dependsOn,
    jobs: stage.jobs.map(({ id, cells, durationMs }) => {
      const job = plan.jobs.find((one) => one.id === id);
      // How long people take is not told by how long programs took.
      const known = job?.approval ? null : durationMs;
      return {
        id,
        name: job?.name ?? id,
        cells: cells?.length ?? null,
        durationMs: known,
        steps: stepsOf(job),
      };
    }),
  }));
  const approvals = plan.jobs.flatMap(({ id, approval }) =>
    approval
      ? [`${id}: ${approval.count} of ${approval.approvers.join(', ') || 'everyone who may approve'}`]
      : [],
  );
  const document = {
    pipeline: plan.name,
    file: plan.file,
    summary: {
      platform: plan.dialect === 'github' ? 'Sluice, from a GitHub Actions workflow' : 'Sluice',
      triggers: triggersOf(plan),
      stages: plan.stages.length,
      jobs: plan.jobs.length,
      parallel: widest(plan),
      expectedMs: forecast.totalMs,
      runs: runFigures(known.runs.filter((run) => run.pipeline === plan.name && run.startedAtMs >= since)),
    },
    stages,
    diagram: planMermaid(plan).trimEnd(),
    deployments: deploymentsOf(plan),
    gates: gatesOf(plan),
    approvals,
    delivery: deliveryFigures(
      plan,
      known.deployments.filter(({ requestedAtMs }) => requestedAtMs >= since),
    ),
  };
  return { ...document, next: nextSteps(plan, document) };
}

function stepsOf(job: Plan['jobs'][number] | undefined): string[] {
  if (!job) return [];
  if (job.approval) return ['waits for an approval'];
  if (job.deploy) return [`deploys to ${job.deploy.environment}`];
  return job.steps.map(({ name }) => name);
}

function triggersOf({ triggers }: Plan): string[] {
  if (triggers.length === 0) return ['any event'];
  return triggers.map(({ event, branches, branchesIgnore, tags, paths, pathsIgnore, cron }) => {
    const filters = [
      ...(branches.length > 0 ? [`on ${branches.join(', ')}`] : []),
      ...(branchesIgnore.length > 0 ? [`not on ${branchesIgnore.join(', ')}`] : []),
      ...(tags.length > 0 ? [`of ${tags.join(', ')}`] : []),
      ...(paths.length > 0 ? [`with ${paths.join(', ')}`] : []),
      ...(pathsIgnore.length > 0 ? [`besides ${pathsIgnore.join(', ')}`] : []),
      ...(cron === null ? [] : [`at ${cron}`]),
    ];
    return [event.replaceAll('_', ' '), ...filters].join(' ');
  });
}

/** Jobs that need the same number of jobs in a row before them. */
function widest({ jobs }: Plan): number {
  const depths = new Map<string, number>();
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const depthOf = (id: string): number => {
    const known = depths.get(id);
    if (known !== undefined) return known;
    const depth = Math.max(-1, ...(byId.get(id)?.needs ?? []).map(depthOf)) + 1;
    depths.set(id, depth);
    return depth;
  };
  const counts = new Map<number, number>();
  for (const { id, matrix } of jobs) {
    const depth = depthOf(id);
    counts.set(depth, (counts.get(depth) ?? 0) + (matrix?.cells?.length ?? 1));
  }
  return Math.max(0, ...counts.values());
}

function runFigures(runs: readonly RunSummary[]): RunFigures {
  const over = runs.filter(({ outcome }) => outcome !== null);
  const durations = over
    .flatMap(({ durationMs }) => (durationMs === null ? [] : [durationMs]))
    .sort((a, b) => a - b);
  return {
    days: DAYS,
    runs: over.length,
    succeeded: over.filter(({ outcome }) => outcome === 'succeeded' || outcome === 'warned').length,
    medianMs: durations[Math.floor(durations.length / 2)] ?? null,
  };
}

function deliveryFigures(plan: Plan, deployments: readonly DeploymentSummary[]): DeliveryFigures {
  const production = new Set(
    plan.environments.flatMap(({ name, type }) => (type === 'production' ? [name] : [])),
  );
  const over = deployments.filter(
    ({ environment, kind, outcome }) => production.has(environment) && kind === 'release' && outcome !== null,
  );
  const back = over.filter(({ outcome }) => outcome === 'rolled-back' || outcome === 'stranded').length;
  return {
    days: DAYS,
    deployments: over.length,
    perDay: over.length === 0 ? null : over.length / DAYS,
    rolledBack: over.length === 0 ? null : back / over.length,
  };
}

function nextSteps(plan: Plan, design: Omit<DesignDocument, 'next'>): string[] {
  const hasProduction = design.deployments.some(({ type }) => type === 'production');
  return [
    ...(design.gates.length === 0
      ? ['Say what must hold: `gates` judge the reports of a job (docs/gates.md).']
      : []),
    ...(plan.jobs.every(({ reports }) => reports.length === 0)
      ? ['Declare `reports`, so that tests and scans become facts.']
      : []),
    ...(design.deployments.length === 0
      ? ['Describe where it is deployed: `environments` and `services`.']
      : []),
    ...(hasProduction && design.approvals.length === 0
      ? ['Let people agree before production: `approval`, or `protection` of the environment.']
      : []),
    ...(hasProduction ? ['Prove that nothing goes around the gates: `sluice verify`.'] : []),
    ...(hasProduction && design.delivery.deployments === 0
      ? ['Measure the way back in staging: `sluice rehearse`.']
      : []),
    ...(design.summary.runs.runs === 0
      ? ['Run it, so that durations and success are measured: `sluice run`.']
      : []),
  ];
}
