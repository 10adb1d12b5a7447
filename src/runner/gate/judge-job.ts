import { type Digest, digestOf } from '../../base/digest.ts';
import { counted } from '../../base/text.ts';
import { chooseBase } from '../../gate/change/choose-base.ts';
import { DIFF_ARGUMENTS, DiffError, parseDiff } from '../../gate/change/parse-diff.ts';
import type { Evidence, Figure, JobEvidence } from '../../gate/evidence.ts';
import { type ChangeScope, judge } from '../../gate/judge.ts';
import type { GateResult } from '../../gate/result.ts';
import type { KeptArtifact } from '../../journal/run-event.ts';
import type { GateQuestion, JobBefore, JobMessage } from '../contract.ts';
import type { RunnerOptions } from '../options.ts';
import type { RunnerRooms } from '../rooms.ts';
import { REPORT_GONE, type ReadEvidence, readEvidence } from './read-evidence.ts';

/** Evidence that is shown and kept of one check; what else there is, is counted. */
const ROWS_MAX = 20;

/**
 * Judges the gates of a job by its own reports (`own`; null of a job without steps) and those of the jobs before it. Rejects only
 * when a room of the machine cannot be had.
 */
export async function judgeJob(
  { rooms, clock }: RunnerOptions,
  message: JobMessage,
  own: JobBefore | null,
): Promise<GateResult> {
  const { job, source } = message;
  const gating = own === null ? message.gating! : { ...message.gating!, before: [own] };
  const question = { gate: job.id, conditions: job.gates, source, gating, atMs: clock.now() };
  return judgeEvidence(rooms, question, await evidenceOf(rooms, question));
}

/** Judges by kept reports, which may be old. null: some of them are not kept any more. */
export async function judgeAgain(
  { rooms }: RunnerOptions,
  question: GateQuestion,
): Promise<GateResult | null> {
  const head = await evidenceOf(rooms, question);
  return head.broken.some(({ code }) => code === REPORT_GONE) ? null : judgeEvidence(rooms, question, head);
}

async function judgeEvidence(
  rooms: RunnerRooms,
  question: GateQuestion,
  head: Evidence,
): Promise<GateResult> {
  const { gate, conditions, gating, atMs } = question;
  const { scope, base } = await comparedWith(rooms, question);
  const kept = gating.before.flatMap((one) => one.kept);
  const context = {
    gate,
    leadsToProduction: gating.leadsToProduction,
    artifactDigest: digestOfAll(kept.map(({ digest }) => digest)),
    waiverHistory: gating.waiverHistory,
  };
  return trimmed(judge(conditions, { head, base }, scope, gating.waivers, context, atMs));
}

async function evidenceOf(rooms: RunnerRooms, { source, gating, atMs }: GateQuestion): Promise<Evidence> {
  const { before: jobs, runBeganAtMs } = gating;
  const read: ReadEvidence = { reports: [], broken: [] };
  for (const { id, reports } of jobs)
    for (const cell of reports)
      await readEvidence(await rooms.reports(), id, source.commit, cell.reports, cell.tree, read);
  return {
    commit: source.commit,
    // The runner compared the files with what lay there before the first step, which no clock can blur.
    beganAtMs: null,
    ...read,
    jobs: jobs.map(
      ({ id, outcome, kinds, notApplicable }): JobEvidence => ({ id, outcome, kinds, notApplicable }),
    ),
    figures: figuresOf(
      atMs - runBeganAtMs,
      jobs.flatMap(({ kept }) => kept),
    ),
  };
}

function figuresOf(durationMs: number, kept: readonly KeptArtifact[]): Readonly<Record<string, Figure>> {
  const bytes = kept.reduce((sum, artifact) => sum + artifact.bytes, 0);
  return {
    'build.duration_ms': { value: durationMs, sample: null },
    ...(kept.length > 0 ? { 'artifact.bytes': { value: bytes, sample: kept.length } } : {}),
  };
}

/** What the change is compared with: the lines that it changes, and facts of the target branch as near to it as there are any. */
async function comparedWith(
  rooms: RunnerRooms,
  { source, gating }: GateQuestion,
): Promise<{ readonly scope: ChangeScope; readonly base: Evidence | null }> {
  const { authors, labels, targets, before } = gating;
  const jobs = before.map(({ id }) => id);
  const scope = {
    base: null,
    head: source.commit,
    baseBehind: 0,
    change: null,
    labels,
    authors,
  };
  const found = await (await rooms.changes()).changeOf(source, targets, DIFF_ARGUMENTS);
  if (!found) return { scope, base: null };
  const changed = { ...scope, base: found.base, change: changeOf(found.diff) };
  const archive = await rooms.reports();
  for (const commit of found.ancestors) {
    const facts = (await archive.factsOf(source.repository, commit)).filter(({ job }) => jobs.includes(job));
    if (facts.length === 0) continue;
    const chosen = chooseBase(found.ancestors, (one) => one === commit)!;
    const read: ReadEvidence = { reports: [], broken: [] };
    for (const { job, reports, tree } of facts) await readEvidence(archive, job, commit, reports, tree, read);
    const base = { commit, beganAtMs: null, ...read, jobs: [], figures: {} };
    return { scope: { ...changed, base: commit, baseBehind: chosen.behind }, base };
  }
  return { scope: changed, base: null };
}

function changeOf(diff: string): ChangeScope['change'] {
  try {
    return parseDiff(diff);
  } catch (error) {
    // Nothing is known of changed lines then, and what asks for them is inconclusive.
    if (error instanceof DiffError) return null;
    throw error;
  }
}

function digestOfAll(digests: readonly Digest[]): Digest | null {
  const different = [...new Set(digests)].sort();
  return different.length <= 1 ? (different[0] ?? null) : digestOf(different.join('\n'));
}

function trimmed(result: GateResult): GateResult {
  return {
    ...result,
    conditions: result.conditions.map((condition) => ({
      ...condition,
      checks: condition.checks.map((check) => ({ ...check, rows: check.rows.slice(0, ROWS_MAX) })),
    })),
  };
}

/** The lines that a person sees first of gates that say no: what blocks, why, and what to do. */
export function blockingLines({ conditions }: GateResult): readonly string[] {
  return conditions
    .filter(({ effect }) => effect === 'blocks')
    .flatMap(({ name, verdict, sentence, wayOut }) => [
      `${name}: ${verdict}: ${sentence}`,
      ...(wayOut === null ? [] : [`  ${wayOut}`]),
    ]);
}

/** What conditions warn of, one sentence each. */
export function warningsOf({ conditions, waiverFindings }: GateResult): readonly string[] {
  const warned = conditions.filter(({ effect }) => effect === 'warns');
  return [
    ...warned.map(({ name, verdict, sentence }) => `gate ${name}: ${verdict}: ${sentence}`),
    ...waiverFindings.map(({ sentence }) => sentence),
  ];
}

/** The cause of a job that its gates stop, or warn of. */
export function gateCause({ conditions, sentence }: GateResult): string {
  const blocking = conditions.filter(({ effect }) => effect === 'blocks').length;
  return blocking > 1 ? `${counted(blocking, 'gate')} say no: ${sentence}` : `gate ${sentence}`;
}
