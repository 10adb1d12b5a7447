import { jobBefore, judgedChange } from '../../controller/gating.ts';
import { apply, begin } from '../../engine/apply.ts';
import type { RunState } from '../../engine/state.ts';
import { leadsToProduction } from '../../gate/guarantee.ts';
import type { ConditionResult, GateResult } from '../../gate/result.ts';
import type { StoredEvent } from '../../journal/event.ts';
import type { RunEvent, RunSource } from '../../journal/run-event.ts';
import { RUN_STREAM_PREFIX } from '../../journal/stream.ts';
import type { Plan, PlanJob } from '../../pipeline/plan.ts';
import type { GateQuestion, JobBefore } from '../../runner/contract.ts';
import type { Journal } from '../../store/contract.ts';
import type { ReplayedCondition, ReplayedRun, ReplayQuestion } from './contract.ts';

/** So many of the latest runs are looked at for those of the pipeline. */
const RUNS_MAX = 1000;

export interface ReplayOptions {
  readonly journal: Journal;
  readonly judge: (question: GateQuestion) => Promise<GateResult | null>;
}

type CellFinished = Extract<RunEvent, { type: 'cell.finished' }>;

/** How a cell ended, and when. */
interface End {
  readonly event: CellFinished;
  readonly atMs: number;
}

/** A run that is over, as its journal tells it. */
interface Past {
  readonly state: RunState;
  /** The last attempt of each cell, by its name. */
  readonly ends: ReadonlyMap<string, End>;
}

/** See `Gates.replay`. */
export async function replayGates(
  question: ReplayQuestion,
  options: ReplayOptions,
): Promise<readonly ReplayedRun[]> {
  const { repository, pipeline, policy, limit } = question;
  const { journal } = options;
  const replayed: ReplayedRun[] = [];
  for (const stream of await journal.streams(RUN_STREAM_PREFIX, RUNS_MAX)) {
    if (replayed.length >= limit) break;
    const [first] = await journal.read(stream, 0, 1);
    if (first?.body.type !== 'run.requested' || first.body.pipeline !== pipeline) continue;
    if (first.body.source.repository !== repository) continue;
    const past = pastOf(await journal.read(stream));
    if (past.state.phase === 'finished') replayed.push(await replayRun(past, policy, options));
  }
  return replayed;
}

function pastOf(events: readonly StoredEvent[]): Past {
  const [first, ...rest] = events;
  let state = begin(first!.body as Extract<RunEvent, { type: 'run.requested' }>, first!.at);
  const ends = new Map<string, End>();
  for (const { body, at } of rest) {
    state = apply(state, body as RunEvent, at);
    if (body.type === 'cell.finished') ends.set(body.cell, { event: body, atMs: at });
  }
  return { state, ends };
}

async function replayRun(past: Past, policy: Plan, options: ReplayOptions): Promise<ReplayedRun> {
  const { request } = past.state.course;
  const { source, runId } = request;
  const before = [...past.ends].flatMap(([cell, { event }]) => judgedThen(cell, event));
  const after: Judged[] = [];
  const unknown: string[] = [];
  for (const asked of questionsOf(past, policy)) {
    const result = await options.judge(asked.question);
    if (result === null) {
      unknown.push(`the reports of ${asked.cell} are not kept any more`);
      continue;
    }
    for (const condition of result.conditions) {
      // What is in no commit cannot be compared with anything later.
      if (source.dirty && condition.verdict === 'inconclusive')
        unknown.push(`${condition.name} of ${asked.cell} looks at what was in no commit`);
      else after.push({ cell: asked.cell, condition });
    }
  }
  const isStopped = after.some(({ condition }) => condition.effect === 'blocks');
  return {
    runId,
    branch: source.branch,
    commit: source.commit,
    requestedAtMs: past.state.requestedAtMs,
    before: before.some(({ condition }) => condition.effect === 'blocks') ? 'stopped' : 'passed',
    after: isStopped ? 'stopped' : unknown.length > 0 ? 'unknown' : 'passed',
    because: isStopped ? null : (unknown[0] ?? null),
    changes: unknown.length > 0 ? changesOf(before, after).filter(isJudgedNow) : changesOf(before, after),
  };
}

interface Judged {
  readonly cell: string;
  readonly condition: ConditionResult;
}

function judgedThen(cell: string, { extras }: CellFinished): Judged[] {
  const result = resultThen(extras);
  return result === null ? [] : result.conditions.map((condition) => ({ cell, condition }));
}

function resultThen(extras: CellFinished['extras']): GateResult | null {
  return (extras?.gates ?? null) as unknown as GateResult | null;
}

/** What is to be asked of the run by the gates of the policy: one question for each cell that was asked then, or would have been. */
function questionsOf(
  past: Past,
  policy: Plan,
): readonly { readonly cell: string; readonly question: GateQuestion }[] {
  return policy.jobs
    .filter(({ gates }) => gates.length > 0)
    .flatMap((job) => {
      const judged = isGateJob(job) ? beforeGates(past, policy, job) : ownReports(past, job);
      return judged.map(({ cell, before }) => ({
        cell,
        question: questionOf(past, policy, job, before, past.ends.get(cell)),
      }));
    });
}

/** A job that does nothing but judge what the jobs before it reported. */
function isGateJob({ steps, cleanup }: PlanJob): boolean {
  return steps.length === 0 && cleanup.length === 0;
}

interface Reported {
  readonly cell: string;
  readonly before: readonly JobBefore[];
}

/** Of a job with steps: each of its cells by itself, when it ran. */
function ownReports({ state, ends }: Past, { id }: PlanJob): readonly Reported[] {
  const index = state.course.jobIndex.get(id);
  if (index === undefined) return [];
  const kinds = state.course.jobs[index]!.reports.map(({ kind }) => kind);
  return [...ends.values()].flatMap(({ event }): Reported[] => {
    const { cell, job, outcome, cause, extras } = event;
    if (job !== id || outcome === 'skipped' || outcome === 'cancelled' || outcome === 'errored') return [];
    const { reports = [], reportTree: tree = null, kept = [] } = extras ?? {};
    const own: JobBefore = {
      id,
      // What only its gates stopped went well up to there.
      outcome: cause?.kind === 'gate' ? 'succeeded' : outcome,
      kinds,
      notApplicable: null,
      reports: [{ cell, reports, tree }],
      kept,
    };
    return [{ cell, before: [own] }];
  });
}

/** Of a job of gates alone: all jobs before it together, when it was asked, or would have been. */
function beforeGates({ state, ends }: Past, policy: Plan, job: PlanJob): readonly Reported[] {
  const { jobIndex } = state.course;
  const own = ends.get(job.id);
  const isAsked = jobIndex.has(job.id)
    ? own !== undefined && own.event.outcome !== 'skipped' && own.event.outcome !== 'cancelled'
    : job.needs.every((id) => isGood(state, jobIndex.get(id)));
  if (!isAsked) return [];
  const isProduction = leadsToProduction(policy, job.id);
  const before = neededBy(policy, job)
    .map((id) => jobIndex.get(id))
    .filter((index) => index !== undefined)
    .sort((a, b) => a - b);
  return [{ cell: job.id, before: before.map((index) => jobBefore(state, index, isProduction)) }];
}

function isGood(state: RunState, index: number | undefined): boolean {
  return index !== undefined && state.jobs.at(index).result === 'success';
}

function neededBy(policy: Plan, job: PlanJob): readonly string[] {
  const jobs = new Map(policy.jobs.map((one) => [one.id, one]));
  const found = new Set(job.needs);
  for (const id of found) for (const further of jobs.get(id)?.needs ?? []) found.add(further);
  return [...found];
}

function questionOf(
  { state, ends }: Past,
  policy: Plan,
  job: PlanJob,
  before: readonly JobBefore[],
  end: End | undefined,
): GateQuestion {
  const { source } = state.course.request;
  const then = resultThen(end?.event.extras);
  const change = judgedChange(state);
  // Where the branch was then: today its merge base with the commit may be the commit itself.
  const base = then?.scope.baseBehind === 0 ? then.scope.base : null;
  const lastMs = Math.max(...[...ends.values()].map(({ atMs }) => atMs));
  return {
    gate: job.id,
    conditions: job.gates,
    source: comparable(source),
    gating: {
      ...change,
      targets: base === null ? change.targets : [base],
      leadsToProduction: leadsToProduction(policy, job.id),
      waivers: policy.waivers,
      waiverHistory: {},
      before,
    },
    atMs: then?.judgedAtMs ?? end?.atMs ?? lastMs,
  };
}

/** Files that were in no commit are gone: nothing is known of what they changed. */
function comparable(source: RunSource): RunSource {
  return source.dirty ? { ...source, commit: null } : { ...source, mode: 'commit' };
}

function changesOf(before: readonly Judged[], after: readonly Judged[]): ReplayedCondition[] {
  const key = ({ cell, condition }: Judged): string => `${cell}\n${condition.name}`;
  const then = new Map(before.map((one) => [key(one), one.condition]));
  const now = new Map(after.map((one) => [key(one), one.condition]));
  const changed: ReplayedCondition[] = [];
  for (const { cell, condition } of after) {
    const known = then.get(key({ cell, condition }));
    if (known?.verdict === condition.verdict && known.effect === condition.effect) continue;
    changed.push(changeOf(cell, known ?? null, condition));
  }
  for (const { cell, condition } of before)
    if (!now.has(key({ cell, condition }))) changed.push(changeOf(cell, condition, null));
  return changed;
}

function changeOf(
  gate: string,
  before: ConditionResult | null,
  after: ConditionResult | null,
): ReplayedCondition {
  const { name: condition, sentence } = (after ?? before)!;
  return { gate, condition, before: before?.verdict ?? null, after: after?.verdict ?? null, sentence };
}

function isJudgedNow({ after }: ReplayedCondition): boolean {
  return after !== null;
}
