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

interface Judged {
  readonly runId: string;
  readonly job: string;
  readonly definition: GateCondition;
  readonly result: ConditionResult;
  readonly gate: GateResult;
}

/**
 * Whether each gate that the environment demands was passed by exactly this commit and artifact, by a condition that is at least as
 * strict. The newest verdict counts. Of a missing or failed one there is a problem at the place where it is demanded.
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
    const newest = about.toSorted((one, other) => other.gate.judgedAtMs - one.gate.judgedAtMs)[0] ?? null;
    const short = newest === null ? '' : shortfallOf(gate, [newest.definition]);
    if (newest !== null && short === null && newest.result.effect !== 'blocks')
      passed.push({
        gate: gate.name,
        sentence: `${newest.result.verdict} in ${newest.job} of run ${newest.runId}: ${newest.result.sentence}`,
      });
    else problems.push(problemOf(environment, gate, newest, short, question));
  }
  return { problems, passed };
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
  const jobs = new Map(unpackPlan(requested.plan).jobs.map((job) => [job.id, job]));
  return events.flatMap(({ body }) => {
    if (body.type !== 'cell.finished' || !body.extras?.gates) return [];
    const gate = body.extras.gates as unknown as GateResult;
    if (gate.artifactDigest !== null && gate.artifactDigest !== artifact) return [];
    const job = jobs.get(gate.gate) ?? jobs.get(body.cell.split(' (')[0]!);
    return gate.conditions.flatMap((result) => {
      const definition = job?.gates.find(({ name }) => name === result.name);
      return definition ? [{ runId: requested.runId, job: job!.id, definition, result, gate }] : [];
    });
  });
}
