import type * as z from 'zod';
import { type PlanReport, REPORT_KINDS, type ReportKind } from '../../plan-report.ts';
import type { reportSchema } from '../schema/report.ts';
import { nodeAt } from '../value.ts';
import type { JobDefinition } from './step.ts';
import { listOf, placeOfNode } from './text.ts';

/** The reports of a job, however they are written. */
export function reportsOf(job: JobDefinition): PlanReport[] {
  const { reports } = job;
  if (reports === undefined) return [];
  if (typeof reports === 'string')
    return [{ kind: null, paths: [reports], place: placeOfNode(nodeAt(job, 'reports')) }];
  if (Array.isArray(reports)) return reports.map((one, index) => reportOf(one, reports, index));
  if (isOne(reports)) return [reportOf(reports, job, 'reports')];
  return Object.entries(reports).flatMap(([kind, paths]) =>
    isKind(kind) ? [{ kind, paths: listOf(paths), place: placeOfNode(nodeAt(reports, kind)) }] : [],
  );
}

type One = z.input<typeof reportSchema>;

function reportOf(one: string | One, container: object, part: string | number): PlanReport {
  const place = placeOfNode(nodeAt(container, part));
  return typeof one === 'string'
    ? { kind: null, paths: [one], place }
    : { kind: one.kind ?? null, paths: listOf(one.path), place };
}

function isOne(reports: object): reports is One {
  return 'path' in reports;
}

function isKind(name: string): name is ReportKind {
  return (REPORT_KINDS as readonly string[]).includes(name);
}
