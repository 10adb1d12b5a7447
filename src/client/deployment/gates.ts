import type { Diagnostic } from '../../base/diagnostic.ts';
import { visible } from '../../base/text.ts';
import type { ConditionResult, GateResult } from '../../gate/result.ts';
import { shortfallOf } from '../../gate/verify.ts';
import type { StoredEvent } from '../../journal/event.ts';
import type { RunEvent } from '../../journal/run-event.ts';
import { RUN_STREAM_PREFIX, runStream } from '../../journal/stream.ts';
import { unpackPlan } from '../../pipeline/packed-plan.ts';
import type { EnvironmentDefinition } from '../../pipeline/plan-environment.ts';
import type { GateCondition } from '../../pipeline/plan-gate.ts';
import type { Journal } from '../../store/contract.ts';
import type { PlannedDeployment } from './contract.ts';

/** So many of the latest runs are looked at for verdicts on the commit. */
const RUNS_MAX = 200;

/** What verdicts must be about. */
export interface GateQuestion {
  readonly repository: string;
  readonly commit: string;
  /** Digest; a verdict about another artifact does not count. */
  readonly artifact: string;
  /** The run that made the artifact is looked at first; null: not known. */
  readonly runId: string | null;
}

/** What the last attempt of one cell said of one condition. */
interface Judged {
  readonly runId: string;
  readonly job: string;
  readonly cell: string;
  readonly definition: GateCondition;
  /** null: the cell ended before anything was judged. */
  readonly result: ConditionResult | null;
  readonly atMs: number;
}

/**
 * Whether each gate that the environment demands was passed by exactly this commit and artifact, by a condition that is at least as
 * strict. The newest run that judged it counts, with every cell: one that failed is not made up for by one that passed. Of a missing or failed one there is a problem at the place where it is demanded.
 */
export async function gateProblems(
  journal: Journal,
  environment: EnvironmentDefinition,
  demanded: readonly GateCondition[],
  question: GateQuestion,
): Promise<{ readonly problems: readonly Diagnostic[]; readonly passed: PlannedDeployment['gates'] }> {
  if (demanded.length === 0) return { problems: [], passed: [] };
  const judged = await judgedOf(journal, question);
  const problems: Diagnostic[] = [];
  const passed: PlannedDeployment['gates'][number][] = [];
  for (const gate of demanded) {
    const about = judged.filter(({ definition }) => shortfallOf(gate, [definition]) !== '');
    const decisive = worstOf(gate, newestRun(about));
    const short = decisive === null ? '' : shortfallOf(gate, [decisive.definition]);
    if (decisive !== null && holds(gate, decisive))
      passed.push({
        gate: gate.name,
        sentence: `${decisive.result!.verdict} in ${decisive.job} of run ${decisive.runId}: ${decisive.result!.sentence}`,
      });
    else problems.push(problemOf(environment, gate, decisive, short, question));
  }
  return { problems, passed };
}

function newestRun(about: readonly Judged[]): readonly Judged[] {
  const judged = about.filter(({ result }) => result !== null);
  const newest = judged.toSorted((one, other) => other.atMs - one.atMs)[0];
  return about.filter(({ runId }) => runId === newest?.runId);
}

/** What stands in the way, else any of them; null: there is none. */
function worstOf(gate: GateCondition, all: readonly Judged[]): Judged | null {
  return all.find((one) => !holds(gate, one)) ?? all[0] ?? null;
}

function holds(gate: GateCondition, { definition, result }: Judged): boolean {
  return result !== null && result.effect !== 'blocks' && shortfallOf(gate, [definition]) === null;
}

function problemOf(
  environment: EnvironmentDefinition,
  gate: GateCondition,
  newest: Judged | null,
  short: string | null,
  { commit, runId }: GateQuestion,
): Diagnostic {
  const demand = `${visible(environment.name)} demands the gate ${visible(gate.name)}`;
  const shared = { severity: 'error', code: 'gate-missing', place: gate.place } as const;
  if (newest === null)
    return {
      ...shared,
      message: `${demand}, and no run judged it for commit ${commit.slice(0, 7)} and this artifact`,
      suggestion: `put ${visible(gate.name)} into \`gates\` of a job and run it at that commit`,
    };
  if (short !== null)
    return {
      ...shared,
      message: `${demand}, and what run ${newest.runId} judged ${short}`,
      suggestion: 'make that gate as strict, or set `protection.gates` of the environment',
    };
  if (newest.result === null)
    return {
      ...shared,
      message: `${demand}, and ${visible(newest.cell)} of run ${newest.runId} ended before it was judged`,
      suggestion: `see why: sluice show ${newest.runId}`,
    };
  return {
    ...shared,
    code: 'gate-failed',
    message: `${demand}, and run ${newest.runId} says ${newest.result.verdict}: ${newest.result.sentence}`,
    suggestion: newest.result.wayOut ?? `see why: sluice gate explain --run ${runId ?? newest.runId}`,
  };
}

async function judgedOf(journal: Journal, question: GateQuestion): Promise<readonly Judged[]> {
  const found: Judged[] = [];
  const streams = new Set(question.runId === null ? [] : [runStream(question.runId)]);
  for (const stream of await journal.streams(RUN_STREAM_PREFIX, RUNS_MAX)) streams.add(stream);
  for (const stream of streams) {
    const [first] = await journal.read(stream, 0, 1);
    if (first?.body.type !== 'run.requested' || !isAbout(first.body, question)) continue;
    found.push(...judgedIn(await journal.read(stream), question));
  }
  return found;
}

/** Files that are in no commit were judged with the others, so such a run says nothing of the commit. */
function isAbout(
  { source, trust }: Extract<RunEvent, { type: 'run.requested' }>,
  { repository, commit }: GateQuestion,
): boolean {
  const isClean = source.mode === 'commit' || !source.dirty;
  return source.repository === repository && source.commit === commit && isClean && trust !== 'untrusted';
}

function judgedIn(events: readonly StoredEvent[], { artifact }: GateQuestion): Judged[] {
  const requested = events[0]!.body as Extract<RunEvent, { type: 'run.requested' }>;
  const { runId } = requested;
  const jobs = new Map(unpackPlan(requested.plan).jobs.map((job) => [job.id, job]));
  const cells = new Map<string, Judged[]>();
  for (const { body, at } of events) {
    if (body.type !== 'cell.finished') continue;
    const { cell } = body;
    const gate = (body.extras?.gates ?? null) as GateResult | null;
    const job = jobs.get(gate?.gate ?? body.job) ?? jobs.get(body.job);
    // What was skipped said nothing, and neither does what was judged with another artifact.
    const isSilent = body.outcome === 'skipped' || (gate?.artifactDigest ?? artifact) !== artifact;
    const said = isSilent ? [] : (job?.gates ?? []);
    cells.set(
      cell,
      said.map((definition) => {
        const result = gate?.conditions.find(({ name }) => name === definition.name) ?? null;
        return { runId, job: job!.id, cell, definition, result, atMs: gate?.judgedAtMs ?? at };
      }),
    );
  }
  return [...cells.values()].flat();
}
