import type { Plan, PlanJob } from '../plan.ts';
import type { LossNote } from './contract.ts';
import { type Insteads, type JobWord, jobLosses } from './feature.ts';
import { shellCondition } from './shell/condition.ts';
import { lookIn, matrixVariable } from './shell/facts.ts';
import { type JobScript, jobScript, type ShellTarget } from './shell/job-script.ts';
import { cleanupScript, wholeScript } from './shell/whole-script.ts';
import { failingScript } from './substitute.ts';

/** A job for a target that runs one script for it. */
export interface ShellJob {
  readonly script: JobScript;
  readonly text: string;
  readonly cleanup: string | null;
  readonly notes: readonly LossNote[];
  /** A command that succeeds when the job is to run; null: it runs whenever the jobs before it succeeded. */
  readonly condition: string | null;
}

/** What such targets have in common that their jobs can say. */
const EXPRESSED: readonly JobWord[] = [
  'needs',
  'if',
  'matrix',
  'variables',
  'secrets',
  'timeoutMs',
  'steps',
  'cleanup',
  'outputs',
];

/**
 * The script of a job. `expressed`: what else the target can say, and the exporter does; `before`: commands in front of the
 * steps; `failed`: a command that succeeds in the clean-up of a job that failed.
 */
export function shellJob(
  plan: Plan,
  job: PlanJob,
  target: ShellTarget,
  given: {
    readonly expressed: readonly JobWord[];
    readonly instead: Insteads<JobWord>;
    readonly before: readonly string[];
    readonly failed: string;
  },
): ShellJob {
  const script = jobScript(plan, job, target);
  const isComputed = job.matrix !== null && job.matrix.cells === null;
  const sentence = `The matrix of this job is computed, which ${target.name} cannot.`;
  const before = [
    ...given.before,
    ...(job.deploy ? [failingScript(job)] : []),
    ...(isComputed ? [`echo '${sentence}' >&2\nexit 1`] : []),
  ];
  const whole = wholeScript(script, before);
  const cleanup = cleanupScript(
    script,
    job.cleanup.map(({ when }) => when),
    given.failed,
  );
  const condition = job.if ? conditionOf(plan, job, target) : null;
  const expressed = [...EXPRESSED, ...given.expressed].filter((word) => word !== 'matrix' || !isComputed);
  const notes = [
    ...script.notes,
    ...whole.notes,
    ...(cleanup?.notes ?? []),
    ...(condition?.notes ?? []),
    ...jobLosses(job, expressed, {
      name: 'its id stands there',
      matrix: 'the job fails and says so',
      retry: 'it is tried once',
      allowFailure: 'its failure ends the run',
      reports: 'nothing reads them',
      gates: 'the job asks `sluice gate check`, which must be installed there',
      approval: 'the job fails and says so',
      deploy: 'the job fails and says so',
      workflow: 'the machine is the one that stands in the file',
      cleanupGraceMs: 'the target has its own time for it',
      ...given.instead,
    }),
    ...matrixLosses(job, target),
  ];
  return {
    script,
    text: whole.text,
    cleanup: cleanup?.text ?? null,
    notes,
    condition: condition?.command ?? null,
  };
}

/** The variables of one combination. */
export function cellVariables(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [matrixVariable(name), value]));
}

function conditionOf(plan: Plan, job: PlanJob, target: ShellTarget): { command: string; notes: LossNote[] } {
  const { source, place } = job.if!;
  const asksJobs = /needs\s*\.\s*[\w-]+\s*\.\s*result|\b(?:failure|cancelled|success|always)\(/.test(source);
  const bare = source
    .replace(/^\s*(?:success|always)\(\)\s*(?:&&|$)|&&\s*(?:success|always)\(\)\s*$/g, '')
    .trim();
  const isAlways = /\balways\(\)/.test(source);
  const asksMore = /needs\s*\.\s*[\w-]+\s*\.\s*result|\b(?:failure|cancelled|success|always)\(/.test(bare);
  const command = asksMore
    ? null
    : bare === ''
      ? 'true'
      : shellCondition(bare, lookIn(plan, target.facts), target.eventName);
  const lose = (message: string, instead: string): LossNote => ({
    feature: 'job.if',
    message: `job ${job.id}: ${message}`,
    instead,
    place,
  });
  if (command === null)
    return {
      command: 'false',
      notes: [lose(`${target.name} cannot decide ${source}`, 'the job never runs')],
    };
  return {
    command,
    notes:
      asksJobs && isAlways
        ? [lose('that it runs also when a job before it failed', 'it runs only when those succeeded')]
        : [],
  };
}

function matrixLosses({ id, matrix, place }: PlanJob, target: ShellTarget): LossNote[] {
  if (!matrix?.cells) return [];
  const lose = (message: string, instead: string): LossNote => ({
    feature: 'job.matrix',
    message: `job ${id}: ${message}`,
    instead,
    place,
  });
  return [
    ...(matrix.maxParallel === null
      ? []
      : [lose(`that at most ${matrix.maxParallel} run at the same time`, `${target.name} decides`)]),
    ...(matrix.failFast && matrix.cells.length > 1
      ? [lose('that a failed combination cancels the others', 'the others go on')]
      : []),
  ];
}
