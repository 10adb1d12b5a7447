import type { Place } from '../../../base/diagnostic.ts';
import { isTemplate, splitTemplate } from '../../expression-template.ts';
import { type Concurrency, cellName, type Plan, type PlanJob, type SecretGrant } from '../../plan.ts';
import type { JobScope, PlanCall, ScopeNeed, ScopeNeeds } from '../../plan-call.ts';
import type { WorkflowCall } from '../../plan-workflow.ts';
import { calledFile } from '../foreign.ts';
import type { Called } from './called.ts';
import { secretsIn } from './secret.ts';

/** GitHub's own: the workflow that is started, and nine levels of calls below it. */
const DEPTH_MAX = 10;
/** More than any repository has, and few enough to be planned at once. */
const JOBS_MAX = 2000;

/** A workflow that was read to be called. */
export interface CalledWorkflow {
  readonly plan: Plan;
  /** null: it does not say that it may be called. */
  readonly called: Called | null;
}

/** What inlining asks of its surroundings. */
export interface Inlining {
  /**
   * Reads and checks a workflow; null when it cannot be had, which was reported, or is for others to bring. `refused`: it is of
   * another repository, and why it cannot be called.
   */
  readonly read: (path: string, at: Place) => CalledWorkflow | { readonly refused: string } | null;
  readonly report: (severity: 'error' | 'warning', at: Place, message: string, suggestion?: string) => void;
}

/** Workflows that were inlined before: however often and deep they are called, each is looked at once. */
type Known = Map<string, Inlined>;

interface Inlined {
  /** How many levels of calls it has. */
  readonly height: number;
  readonly jobs: readonly PlanJob[];
  readonly calls: readonly PlanCall[];
}

/** The plan of a workflow in which jobs that call another one are the jobs of that one. */
export function withCallsInlined(plan: Plan, inlining: Inlining): Plan {
  if (!plan.jobs.some((job) => workflowCalledBy(job, plan.file) !== null)) return plan;
  const { jobs, calls } = inlined(plan, [plan.file], inlining, new Map());
  return { ...plan, jobs, ...(calls.length > 0 ? { calls } : {}) };
}

/** The workflow that a job of a file calls; null: it calls none that can be named. */
function workflowCalledBy({ workflow }: PlanJob, file: string): string | null {
  return calledFile(workflow?.call?.workflow ?? '', file);
}

/** Jobs and calls of one workflow, with ids as they are in it. `chain`: the files from the outermost one on. */
function inlined(plan: Plan, chain: readonly string[], inlining: Inlining, known: Known): Inlined {
  const parts = new Map<
    string,
    { readonly need: ScopeNeed; readonly jobs: readonly PlanJob[]; readonly calls: readonly PlanCall[] }
  >();
  let height = 0;
  for (const job of plan.jobs) {
    const called = callOf(job, chain, inlining, known);
    height = Math.max(height, called?.height ?? 0);
    parts.set(job.id, called ?? { need: { job: job.id }, jobs: [job], calls: [] });
  }
  const needsOf = (job: PlanJob): ScopeNeeds =>
    Object.fromEntries(job.needs.flatMap((name) => (parts.has(name) ? [[name, parts.get(name)!.need]] : [])));
  const idsOf = (job: PlanJob) =>
    job.needs.flatMap((name) => parts.get(name)?.jobs.map(({ id }) => id) ?? [name]);
  const all: { jobs: PlanJob[]; calls: PlanCall[] } = { jobs: [], calls: [] };
  for (const job of plan.jobs) {
    const part = parts.get(job.id)!;
    const needs = needsOf(job);
    const ids = idsOf(job);
    if ('job' in part.need)
      all.jobs.push({
        ...part.jobs[0]!,
        needs: ids,
        workflow: { ...job.workflow!, scope: { call: null, name: job.id, needs, secrets: [] } },
      });
    else {
      all.jobs.push(...part.jobs.map((one) => ({ ...one, needs: one.needs.length > 0 ? one.needs : ids })));
      all.calls.push(...part.calls.map((one) => (one.parent === null ? { ...one, needs } : one)));
    }
    if (all.jobs.length <= JOBS_MAX) continue;
    inlining.report(
      'error',
      job.place,
      `with the workflows that it calls there are more than ${JOBS_MAX} jobs`,
    );
    return { jobs: [], calls: [], height };
  }
  return { ...all, height };
}

/** What the job calls, once for each combination of its matrix; null when it calls nothing, or what was refused. */
function callOf(job: PlanJob, chain: readonly string[], inlining: Inlining, known: Known) {
  const path = workflowCalledBy(job, chain.at(-1)!);
  const { call } = job.workflow!;
  if (path === null || call === null) return null;
  const at = job.refusals[0]?.place ?? job.place;
  const workflow = calledWorkflow(path, at, chain, inlining);
  if (!workflow) return null;
  if ('refused' in workflow) {
    inlining.report('warning', at, `the job will fail: ${workflow.refused}`);
    return refusedCall(job, workflow.refused);
  }
  checkCall(call, workflow.called, at, inlining);
  if (job.matrix && !job.matrix.cells) {
    inlining.report(
      'warning',
      job.place,
      'a matrix that is computed cannot call a workflow; the job will fail',
      'write the values into the matrix',
    );
    return refusedCall(
      job,
      `${call.workflow} is called by a matrix that is computed, which is not performed; write the values into the matrix`,
    );
  }
  const inner = known.get(path) ?? inlined(workflow.plan, [...chain, path], inlining, known);
  known.set(path, inner);
  const cells = job.matrix?.cells ?? [null];
  if (chain.length + 1 + inner.height > DEPTH_MAX || cells.length * inner.jobs.length > JOBS_MAX) {
    inlining.report(
      'error',
      at,
      `with the workflows that it calls the job is more than ${JOBS_MAX} jobs, or more than ${DEPTH_MAX} deep`,
    );
    return null;
  }
  const group = groupOfCall(job, workflow.plan, inner);
  if (group === 'cannot be held') {
    const message = `the \`concurrency\` of a call is held only where the call is one job without a matrix, with one group that names neither inputs nor needs of the caller`;
    const suggestion = 'give the jobs of the workflow that is called `concurrency`';
    inlining.report('warning', at, `the job will fail: ${message}`, suggestion);
    return refusedCall(job, `${message}; ${suggestion}`);
  }
  const parts = cells.map((matrix) =>
    placed(cellName(job.id, matrix), job, matrix, call, workflow.called, withGroup(inner, group)),
  );
  return {
    height: inner.height + 1,
    need: { calls: parts.map(({ id }) => id) },
    jobs: parts.flatMap(({ jobs }) => jobs),
    calls: parts.flatMap(({ calls }) => calls),
  };
}

/** What a template of the caller may name, and its job would not find. */
const OF_CALLER = /\b(inputs|needs|matrix|strategy)\b/;

/**
 * The group that a call holds, for its only job to hold. A group belongs to a job or to the run, so that of a call of several jobs
 * would be free between them.
 */
function groupOfCall(
  { concurrency: own }: PlanJob,
  { concurrency: called }: Plan,
  { jobs }: Inlined,
): Concurrency | 'cannot be held' | null {
  const group = own ?? called;
  if (group === null) return null;
  const [job] = jobs;
  const isAlone = jobs.length === 1 && job!.matrix === null && job!.concurrency === null;
  const isOfCaller = own !== null && OF_CALLER.test(`${own.group} ${own.cancelIf?.source ?? ''}`);
  return isAlone && !isOfCaller && (own === null || called === null) ? group : 'cannot be held';
}

function withGroup(inner: Inlined, concurrency: Concurrency | null): Inlined {
  return concurrency ? { ...inner, jobs: inner.jobs.map((job) => ({ ...job, concurrency })) } : inner;
}

/** Which jobs a run has is known before it begins, but for their matrices. */
function refusedCall(job: PlanJob, message: string) {
  const refusals = job.refusals.map((refusal) => ({ ...refusal, message }));
  return { height: 0, need: { job: job.id }, jobs: [{ ...job, concurrency: null, refusals }], calls: [] };
}

function calledWorkflow(path: string, at: Place, chain: readonly string[], inlining: Inlining) {
  if (chain.includes(path)) {
    inlining.report(
      'error',
      at,
      `the workflows call each other in a circle: ${[...chain, path].join(' -> ')}`,
      'take one of these calls out',
    );
    return null;
  }
  if (chain.length >= DEPTH_MAX) {
    inlining.report('error', at, `workflows call each other more than ${DEPTH_MAX} deep`);
    return null;
  }
  const workflow = inlining.read(path, at);
  if (!workflow || 'refused' in workflow) return workflow;
  const { called } = workflow;
  if (called) return { plan: workflow.plan, called };
  inlining.report('error', at, `${path} cannot be called`, 'add `workflow_call` under its `on`');
  return null;
}

/** Reports inputs and secrets that are missing, unknown, or of another kind. */
function checkCall(call: WorkflowCall, { inputs, secrets }: Called, at: Place, { report }: Inlining): void {
  const near = (names: readonly string[]) => `it has ${names.join(', ') || 'none'}`;
  for (const [name, text] of Object.entries(call.with)) {
    if (!Object.hasOwn(inputs, name)) {
      report('error', at, `${call.workflow} has no input ${name}`, near(Object.keys(inputs)));
      continue;
    }
    const { type } = inputs[name]!;
    if (isTemplate(text) || type === undefined) continue;
    const fits =
      type === 'boolean' ? /^(true|false)$/.test(text) : text.trim() !== '' && Number.isFinite(Number(text));
    if (!fits)
      report(
        'error',
        at,
        `the input ${name} of ${call.workflow} is a ${type}, and ${JSON.stringify(text)} is none`,
      );
  }
  for (const [name, { required }] of Object.entries(inputs))
    if (required && !Object.hasOwn(call.with, name))
      report(
        'error',
        at,
        `the input ${name} of ${call.workflow} is required`,
        `add \`${name}:\` under \`with\``,
      );
  if (call.secrets === 'inherit') return;
  for (const [name, isRequired] of Object.entries(secrets))
    if (isRequired && !Object.hasOwn(call.secrets, name))
      report(
        'error',
        at,
        `the secret ${name} of ${call.workflow} is required`,
        `add \`${name}:\` under \`secrets\`, or \`secrets: inherit\``,
      );
}

/** The jobs and calls of a called workflow, as a part of the one that calls. */
function placed(
  id: string,
  job: PlanJob,
  matrix: PlanCall['matrix'],
  call: WorkflowCall,
  called: Called,
  inner: Inlined,
): { readonly id: string; readonly jobs: readonly PlanJob[]; readonly calls: readonly PlanCall[] } {
  const below = (name: string) => `${id} / ${name}`;
  const need = (one: ScopeNeed): ScopeNeed =>
    'job' in one ? { job: below(one.job) } : { calls: one.calls.map(below) };
  const needs = (all: ScopeNeeds) =>
    Object.fromEntries(Object.entries(all).map(([name, one]) => [name, need(one)]));
  const jobs = inner.jobs.map((one): PlanJob => {
    const scope = one.workflow!.scope!;
    const own: JobScope = {
      call: scope.call === null ? id : below(scope.call),
      name: scope.name,
      needs: needs(scope.needs),
      secrets: call.secrets === 'inherit' ? scope.secrets : [call.secrets, ...scope.secrets],
    };
    return {
      ...one,
      id: below(one.id),
      name: below(one.name),
      needs: one.needs.map(below),
      secrets: call.secrets === 'inherit' ? one.secrets : grantsOfCall(call.secrets, one.secrets),
      workflow: { ...one.workflow!, scope: own },
    };
  });
  const calls = inner.calls.map(
    (one): PlanCall => ({
      ...one,
      id: below(one.id),
      parent: one.parent === null ? id : below(one.parent),
      needs: needs(one.needs),
      jobs: needs(one.jobs),
    }),
  );
  const own: PlanCall = {
    id,
    parent: null,
    needs: {},
    if: job.if,
    matrix,
    with: call.with,
    inputs: called.inputs,
    outputs: called.outputs,
    jobs: needs(jobsOf(inner)),
    place: job.place,
  };
  return { id, jobs, calls: [own, ...calls] };
}

/** The jobs of a workflow by their names in it. */
function jobsOf({ jobs, calls }: Inlined): ScopeNeeds {
  const own = jobs.filter(({ workflow }) => workflow!.scope!.call === null);
  const outer = calls.filter(({ parent }) => parent === null);
  const byName = new Map<string, string[]>();
  for (const { id } of outer) {
    const name = id.split(' (')[0]!;
    byName.set(name, [...(byName.get(name) ?? []), id]);
  }
  return Object.fromEntries<ScopeNeed>([
    ...own.map(({ id }): [string, ScopeNeed] => [id, { job: id }]),
    ...[...byName].map(([name, ids]): [string, ScopeNeed] => [name, { calls: ids }]),
  ]);
}

/** What a called job is granted: the secrets that the call gives it, of those that it names. The token goes along by itself. */
function grantsOfCall(given: Readonly<Record<string, string>>, named: readonly SecretGrant[]): SecretGrant[] {
  const wanted = new Set(named.map(({ name }) => name.toUpperCase()));
  const names = new Set<string>(named.filter(({ name }) => name === 'GITHUB_TOKEN').map(({ name }) => name));
  for (const [name, text] of Object.entries(given)) {
    if (!wanted.has(name.toUpperCase())) continue;
    for (const part of splitTemplate(text).parts)
      if (part.kind === 'expression') for (const one of secretsIn(part.source)) names.add(one);
  }
  return [...names].map((name) => ({ name, variable: null, optional: true }));
}
