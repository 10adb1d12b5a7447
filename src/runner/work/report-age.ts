import { counted } from '../../base/text.ts';
import type { WorkResult } from '../../cache/contract.ts';
import type { PlanReport, ReportKind } from '../../pipeline/plan-report.ts';

/** So long a report of the world outside is taken over. */
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/**
 * What these say follows from the files alone. All others tell of the world as well, which changes while no file does: known
 * vulnerabilities, a running service, how fast a machine is, and whatever a file of any tool may hold.
 */
const OF_FILES_ALONE: ReadonlySet<string> = new Set<ReportKind>([
  'junit',
  'lcov',
  'cobertura',
  'jacoco',
  'istanbul',
  'clover',
  'go-cover',
  'stryker',
  'pit',
  'eslint',
  'checkstyle',
  'gitleaks',
  'secretlint',
  'cyclonedx',
  'spdx',
]);

/** Why the reports of a job's result are too old to be taken over; null: they are not. */
export function ageOfReports({ reports, doneAtMs }: WorkResult, nowMs: number): string | null {
  const outside = reports?.uses.find(({ kind }) => kind === null || !OF_FILES_ALONE.has(kind));
  if (!outside || isYoung(doneAtMs, nowMs)) return null;
  return `report ${outside.file}${ageText(doneAtMs, nowMs)} and does not follow from the inputs alone`;
}

/**
 * The same for the result of a step in a job with these reports. Which of the files of a step is a report is not looked at; so
 * every file that it made counts as one.
 */
export function ageOfFiles(
  { files, doneAtMs }: WorkResult,
  reports: readonly PlanReport[],
  nowMs: number,
): string | null {
  const isOutside = reports.some(({ kind }) => kind === null || !OF_FILES_ALONE.has(kind));
  if (files === null || !isOutside || isYoung(doneAtMs, nowMs)) return null;
  return `what it made${ageText(doneAtMs, nowMs)} and may be a report that does not follow from the inputs alone`;
}

/** A time that is not known, or lies ahead, proves nothing. */
function isYoung(doneAtMs: number | undefined, nowMs: number): boolean {
  return doneAtMs !== undefined && doneAtMs <= nowMs && nowMs - doneAtMs < DAY_MS;
}

function ageText(doneAtMs: number | undefined, nowMs: number): string {
  if (doneAtMs === undefined || doneAtMs > nowMs) return ' is of an unknown time';
  return ` is ${counted(Math.floor((nowMs - doneAtMs) / HOUR_MS), 'hour')} old`;
}
