import { createReadStream, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { visible } from '../base/text.ts';
import { doubtsOnly } from '../gate/facts/doubts-only.ts';
import type { Doubt } from '../gate/facts/facts.ts';
import { parserOf } from '../gate/report/choose.ts';
import { ReportError } from '../gate/report/contract.ts';
import { readReport } from '../gate/report/read-report.ts';
import type { ReportUse } from '../journal/run-event.ts';
import type { PlanReport } from '../pipeline/plan-report.ts';
import { filled, type KeepPlace } from './keep-place.ts';
import { matchingFiles } from './matching-files.ts';
import { KeepProblem } from './problem.ts';

/** So long reports are kept. */
export const RETENTION_MS = 90 * 86_400_000;
const DOUBTS_MAX = 20;

/** By path, what report files looked like before the first step. */
type Stamps = Readonly<Record<string, string>>;

/**
 * Notes what lies there before the first step (of the source, of a cache), to tell it from what the steps write. In a file, so
 * that whoever resumes the job knows it too.
 */
export function noteReports(place: KeepPlace): void {
  const { directory, folder } = place.setup.workspace;
  const stamps: Record<string, string> = {};
  for (const report of place.state.message.job.reports)
    for (const path of matchingFiles(directory, globsOf(place, report)))
      stamps[path] = stamp(directory, path);
  writeFileSync(notedFile(folder), JSON.stringify(stamps));
}

function notedFile(folder: string): string {
  return join(folder, 'reports-before');
}

function readNoted(folder: string): Stamps {
  try {
    return JSON.parse(readFileSync(notedFile(folder), 'utf8')) as Stamps;
  } catch {
    return {}; // What comes before the steps failed, so that there is nothing to tell apart.
  }
}

/**
 * Reads the reports of the job and keeps them. What cannot be read, was written by no step or is not there is told as that; what
 * follows from it is for the gates to say. Throws a `KeepProblem` when they cannot be kept.
 */
export async function takeReports(place: KeepPlace): Promise<void> {
  const { state, setup, options } = place;
  const { directory, folder } = setup.workspace;
  const before = readNoted(folder);
  const { job, runId, cell, source } = state.message;
  const uses: ReportUse[] = [];
  for (const report of job.reports) {
    const globs = globsOf(place, report);
    const paths = matchingFiles(directory, globs);
    if (paths.length === 0) uses.push(missing(report, globs));
    for (const path of paths) uses.push(await readOne(directory, path, report, before));
  }
  state.extras.reports.push(...uses);
  const files = uses.filter(({ digest }) => digest !== null).map(({ file }) => file);
  if (files.length === 0) return;
  for (const file of files)
    if (await setup.redaction.revealsFile(join(directory, file)))
      throw new KeepProblem(
        `report ${visible(file)} holds a secret that the job was granted; keep the tool from printing it`,
      );
  const expiresAtMs = options.clock.now() + RETENTION_MS;
  const archive = await options.rooms.reports();
  const { repository } = source;
  state.extras.reportTree = await archive.save({
    repository,
    runId,
    cell,
    root: directory,
    files,
    expiresAtMs,
  });
}

async function readOne(
  directory: string,
  path: string,
  report: PlanReport,
  before: Stamps,
): Promise<ReportUse> {
  const doubts: Doubt[] = [];
  const sink = doubtsOnly((doubt) => {
    if (doubts.length < DOUBTS_MAX) doubts.push(doubt);
  });
  const parser = report.kind === null ? null : parserOf(report.kind);
  const isStale = before[path] === stamp(directory, path);
  const told = { file: path, isStale, roots: rootsOf(directory) };
  try {
    const read = await readReport(path, createReadStream(join(directory, path)), parser, sink, turn);
    const { kind, figures, digest } = read;
    return { ...told, kind, figures, digest, problem: null, doubts: doubts.map(({ message }) => message) };
  } catch (error) {
    if (!(error instanceof ReportError)) throw error;
    const at = error.line === null ? '' : `:${error.line}${error.column === null ? '' : `:${error.column}`}`;
    const problem = `${visible(path)}${at}${error.pointer ? ` at ${error.pointer}` : ''}: ${error.message}`;
    return {
      ...told,
      kind: error.kind ?? report.kind,
      figures: error.figures,
      digest: null,
      problem,
      doubts: [],
    };
  }
}

function missing(report: PlanReport, globs: readonly string[]): ReportUse {
  const file = globs.join(', ');
  const problem = `0 files matched ${globs.map((glob) => `"${visible(glob)}"`).join(', ')}`;
  return { file, kind: report.kind, figures: null, digest: null, problem, isStale: false, doubts: [] };
}

function globsOf(place: KeepPlace, report: PlanReport): string[] {
  return report.paths.map((path) => filled(place, path, 'a path of a report'));
}

/** As a shell knows it, and as programs ask the system for it. */
function rootsOf(directory: string): readonly string[] {
  return [...new Set([directory, realpathSync(directory)])];
}

/** Changes whenever the file is written. */
function stamp(directory: string, path: string): string {
  const stats = statSync(join(directory, path), { bigint: true, throwIfNoEntry: false });
  return stats ? `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}` : '';
}
