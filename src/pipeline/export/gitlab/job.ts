import type { Plan, PlanJob } from '../../plan.ts';
import type { LossNote } from '../contract.ts';
import { type JobWord, jobLosses } from '../feature.ts';
import type { Names } from '../names.ts';
import { shellCondition } from '../shell/condition.ts';
import { lookIn, matrixVariable } from '../shell/facts.ts';
import { jobScript } from '../shell/job-script.ts';
import { failingScript } from '../substitute.ts';
import { type Tree, told } from '../yaml.ts';
import { writtenImage, writtenServices } from './container.ts';
import { downloadCommands, downloadLosses, gitlabText, writtenArtifacts, writtenCaches } from './keep.ts';
import { type Rule, ruleOf } from './rule.ts';
import { eventName, GITLAB } from './vocabulary.ts';

const RETRY_MAX = 2;
/** Instead of the steps of a job whose combinations nobody knows beforehand. */
const COMPUTED = "echo 'The matrix of this job is computed, which GitLab cannot.' >&2\nexit 1";

const EXPRESSED: readonly JobWord[] = [
  'needs',
  'if',
  'matrix',
  'variables',
  'secrets',
  'timeoutMs',
  'retry',
  'allowFailure',
  'concurrency',
  'steps',
  'cleanup',
  'cleanupGraceMs',
  'outputs',
  'container',
  'services',
  'caches',
  'downloads',
  'artifacts',
];

/** The rules of all jobs by id; null: rules cannot say its condition. One that asks for success has those of the jobs that it needs, too: it is skipped with them. */
export function rulesOf(plan: Plan): ReadonlyMap<string, Rule | null> {
  const look = lookIn(plan, GITLAB.facts);
  const rules = new Map<string, Rule | null>();
  for (const job of plan.jobs) {
    const own = job.if ? ruleOf(job.if.source, look) : { when: 'on_success' as const, if: null };
    if (own?.when !== 'on_success') {
      rules.set(job.id, own);
      continue;
    }
    const before = job.needs.map((id) => rules.get(id)?.if ?? null);
    const all = new Set(
      [...before, own.if].filter((one) => one !== null).flatMap((one) => one.split(' && ')),
    );
    rules.set(job.id, { ...own, if: all.size > 0 ? [...all].join(' && ') : null });
  }
  return rules;
}

export function writtenJob(
  plan: Plan,
  job: PlanJob,
  names: Names,
  rules: ReadonlyMap<string, Rule | null>,
  early: readonly LossNote[],
): Tree {
  const look = lookIn(plan, GITLAB.facts);
  const notes: LossNote[] = [...early, ...downloadLosses(job, plan.jobs)];
  const script = jobScript(plan, job, GITLAB);
  notes.push(...script.notes);
  const text = (template: string) =>
    gitlabText(template, look, (source) =>
      notes.push(
        lost(job, 'expression', `GitLab has nothing like ${source}`, 'the expression stands there as it is'),
      ),
    );
  const rule = rules.get(job.id) ?? null;
  const commands = [
    ...(rule ? [] : conditionCommands(plan, job, notes)),
    ...downloadCommands(job, plan.jobs),
    ...(job.deploy ? [failingScript(job)] : []),
  ];
  const isComputed = job.matrix !== null && job.matrix.cells === null;
  const steps = isComputed ? [COMPUTED] : script.blocks.map((block) => told(block.text, block.notes));
  const blocks: Tree[] = [...commands, ...steps];
  const cleanup = script.cleanup.map(({ text, notes }, index) =>
    told(
      job.cleanup[index]!.when === 'on-failure'
        ? `if [ "$CI_JOB_STATUS" != success ]; then\n${text}\nfi`
        : text,
      notes,
    ),
  );
  const hasCleanup = cleanup.length > 0;
  const setup = script.setup === null ? [] : [script.setup];
  const variables = {
    ...Object.fromEntries(
      Object.entries(script.constants).filter(([name, value]) => plan.variables[name] !== value),
    ),
    ...(hasCleanup && job.cleanupGraceMs !== 300_000
      ? { RUNNER_AFTER_SCRIPT_TIMEOUT: `${Math.ceil(job.cleanupGraceMs / 1000)}s` }
      : {}),
  };
  const image = writtenImage(job, text, notes);
  const services = writtenServices(job, text, notes);
  const tree: Record<string, Tree | undefined> = {
    stage: job.stage,
    image,
    services,
    needs: job.needs.map((id) => need(plan, job, id, names, rules)),
    rules: writtenRules(job, rule),
    parallel: writtenMatrix(job, notes),
    variables: Object.keys(variables).length > 0 ? escaped(variables) : undefined,
    timeout: `${Math.max(1, Math.ceil(job.timeoutMs / 60_000))} minutes`,
    retry: writtenRetry(job, notes),
    allow_failure: job.allowFailure || (job.approval ? false : undefined),
    resource_group: job.concurrency ? text(job.concurrency.group) : undefined,
    environment: environmentOf(job, text),
    cache: writtenCaches(job, look, notes),
    before_script: setup.length > 0 ? setup : undefined,
    script: blocks.length > 0 ? blocks : ['true'],
    after_script: hasCleanup ? [...setup, ...cleanup] : undefined,
    artifacts: writtenArtifacts(job, look, notes),
  };
  if (hasCleanup)
    notes.push(lost(job, 'job.cleanup', 'that a clean-up which fails is seen', 'nobody is told'));
  if (job.timeoutMs % 60_000 !== 0)
    notes.push(
      lost(
        job,
        'job.timeoutMs',
        `its longest time is ${job.timeoutMs / 1000} s`,
        'whole minutes stand there',
      ),
    );
  if (job.concurrency && job.concurrency.policy !== 'queue')
    notes.push(
      lost(
        job,
        'job.concurrency',
        `the policy ${job.concurrency.policy} of its group`,
        'the group is a queue',
      ),
    );
  notes.push(
    ...jobLosses(job, isComputed ? EXPRESSED.filter((word) => word !== 'matrix') : EXPRESSED, {
      name: 'its id stands there',
      matrix: 'the job fails and says so',
      reports: 'of JUnit they are shown, others nothing reads',
      gates: 'the job asks `sluice gate check`, which must be installed there',
      approval: 'everyone who may run manual jobs can go on',
      deploy: 'the job fails and says so',
      workflow: 'the runner is whichever GitLab chooses',
    }),
  );
  return told(tree as Tree, notes);
}

function lost(job: PlanJob, feature: string, message: string, instead: string): LossNote {
  return { feature, message: `job ${job.id}: ${message}`, instead, place: job.place };
}

/** GitLab takes a dollar in a value for a variable. */
export function escaped(values: Readonly<Record<string, string>>): Tree {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value.replaceAll('$', '$$$$')]),
  );
}

function need(
  plan: Plan,
  job: PlanJob,
  id: string,
  names: Names,
  rules: ReadonlyMap<string, Rule | null>,
): Tree {
  const other = plan.jobs.find((one) => one.id === id)!;
  const wanted = new Set(job.downloads.map(({ artifact }) => artifact));
  const brings =
    Object.keys(other.outputs).length > 0 || other.artifacts.some(({ name }) => wanted.has(name));
  const isOptional = rules.get(id)?.if != null && rules.get(job.id)?.when !== 'on_success';
  return { job: names.job(id), artifacts: brings, optional: isOptional || undefined };
}

function writtenRules(job: PlanJob, rule: Rule | null): Tree | undefined {
  const when = job.approval ? 'manual' : (rule?.when ?? 'always');
  if (rule?.if == null && when === 'on_success') return undefined;
  return [{ if: rule?.if ?? undefined, when: when === 'on_success' ? undefined : when }];
}

/** A condition that rules cannot say is asked when the job runs, where a shell can. */
function conditionCommands(plan: Plan, job: PlanJob, notes: LossNote[]): string[] {
  const { source, place } = job.if!;
  const command = /needs\s*\.\s*[\w-]+\s*\.\s*result|\b(?:failure|cancelled|success)\(/.test(source)
    ? null
    : shellCondition(source, lookIn(plan, GITLAB.facts), eventName);
  const instead =
    command === null
      ? 'the job fails and says so'
      : 'the job runs, asks when it begins, and then does nothing; jobs behind it go on';
  notes.push({ feature: 'job.if', message: `job ${job.id}: rules cannot say ${source}`, instead, place });
  if (command === null) return ["echo 'The condition of this job cannot be said on GitLab.' >&2\nexit 1"];
  return [`if ${command}; then :; else\n  echo 'Skipped: its condition is not met.'\n  exit 0\nfi`];
}

const MATRIX_MAX = 200;

/** One entry for each combination, so that there are exactly these. */
function writtenMatrix(job: PlanJob, notes: LossNote[]): Tree | undefined {
  const { matrix } = job;
  if (!matrix?.cells) return undefined;
  if (matrix.maxParallel !== null)
    notes.push(
      lost(
        job,
        'job.matrix',
        `that at most ${matrix.maxParallel} run at the same time`,
        'the runner decides',
      ),
    );
  if (matrix.failFast && matrix.cells.length > 1)
    notes.push(lost(job, 'job.matrix', 'that a failed combination cancels the others', 'the others go on'));
  if (matrix.cells.length > MATRIX_MAX)
    notes.push(
      lost(
        job,
        'job.matrix',
        `${matrix.cells.length} combinations`,
        `GitLab takes ${MATRIX_MAX} and refuses more`,
      ),
    );
  return {
    matrix: matrix.cells.map((cell) =>
      Object.fromEntries(
        Object.entries(cell).map(([name, value]) => [
          matrixVariable(name),
          typeof value === 'string' ? value : JSON.stringify(value),
        ]),
      ),
    ),
  };
}

function writtenRetry(job: PlanJob, notes: LossNote[]): Tree | undefined {
  const { max, delayMs, on } = job.retry;
  if (max === 0) return undefined;
  if (max > RETRY_MAX)
    notes.push(lost(job, 'job.retry', `${max} further attempts`, `GitLab takes ${RETRY_MAX}`));
  if (delayMs > 0)
    notes.push(
      lost(job, 'job.retry', `${delayMs / 1000} s and more between attempts`, 'they follow at once'),
    );
  const codes = on.flatMap((cause) => (cause.kind === 'exit-code' ? cause.codes : []));
  const when = on.flatMap((cause) =>
    cause.kind === 'timeout'
      ? ['job_execution_timeout']
      : cause.kind === 'lost'
        ? ['runner_system_failure', 'stuck_or_timeout_failure']
        : [],
  );
  const unsaid = on.filter(({ kind }) => kind === 'signal' || kind === 'output');
  if (unsaid.length > 0)
    notes.push(
      lost(job, 'job.retry', `the causes ${JSON.stringify(unsaid)}`, 'they are no cause for another attempt'),
    );
  return {
    max: Math.min(max, RETRY_MAX),
    when:
      when.length > 0 ? when : codes.length > 0 || unsaid.length > 0 ? ['runner_system_failure'] : undefined,
    exit_codes: codes.length > 0 ? codes : undefined,
  };
}

function environmentOf(job: PlanJob, text: (template: string) => string): Tree | undefined {
  const environment = job.workflow?.environment;
  if (!environment) return undefined;
  return { name: text(environment.name), url: environment.url === null ? undefined : text(environment.url) };
}
