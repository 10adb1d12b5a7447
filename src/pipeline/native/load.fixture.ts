import type { Checked, Diagnostic, Place } from '../../base/diagnostic.ts';
import { loadPipeline } from '../load.ts';
import type { Plan, PlanJob } from '../plan.ts';
import type { SourceRefusal } from './include.ts';

export type FileTable = Readonly<Record<string, string | Uint8Array | SourceRefusal>>;

/** Loads `sluice.yaml` from a table of files. */
export function load(text: string | Uint8Array, others: FileTable = {}): Checked<Plan> {
  const table: FileTable = { 'sluice.yaml': text, ...others };
  return loadPipeline('sluice.yaml', {
    read: (path) => {
      const content = Object.hasOwn(table, path) ? table[path]! : null;
      return typeof content === 'string' ? new TextEncoder().encode(content) : content;
    },
  });
}

/** The plan of a definition that must be right. */
export function planOf(text: string, others: FileTable = {}): Plan {
  const checked = load(text, others);
  if (!checked.ok) throw new Error(checked.diagnostics.map(line).join('\n'));
  return checked.value;
}

export function jobOf(text: string, id: string, others: FileTable = {}): PlanJob {
  const job = planOf(text, others).jobs.find((one) => one.id === id);
  if (!job) throw new Error(`no job ${id}`);
  return job;
}

/** All diagnostics as one line each: `error 3:5 code: message`, then the suggestion and the related places. */
export function problemsOf(text: string | Uint8Array, others: FileTable = {}): string[] {
  return load(text, others).diagnostics.map(line);
}

export function line(diagnostic: Diagnostic): string {
  const { severity, code, message, place, suggestion, related = [] } = diagnostic;
  const parts = [`${severity}${place ? ` ${short(place)}` : ''} ${code}: ${message}`];
  if (suggestion !== undefined) parts.push(`-> ${suggestion}`);
  for (const one of related) parts.push(`(${short(one.place)} ${one.message})`);
  return parts.join(' ');
}

function short(place: Place): string {
  const file = place.file === 'sluice.yaml' ? '' : `${place.file}:`;
  return `${file}${place.start.line}:${place.start.column}`;
}
