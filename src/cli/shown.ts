import { visible } from '../base/text.ts';
import type { CellView, StepView } from '../client/run-view.ts';
import type { RunSource, SourceBase } from '../journal/run-event.ts';
import type { Look } from './look.ts';

/** `test (node: 20)` within its job is `node: 20`; a job without a matrix is its name. */
export function cellLabel(cell: CellView, jobId: string): string {
  const inner = cell.name.startsWith(`${jobId} (`) ? cell.name.slice(jobId.length + 2, -1) : cell.name;
  return visible(inner);
}

/** What a step is called: its name, or its id where it has none. */
export function stepLabel(step: Pick<StepView, 'id' | 'name'>): string {
  return visible(step.name || step.id);
}

/** The label of a cell's step by the step's id. */
export function stepLabelOf(cell: CellView, id: string): string {
  const step = cell.steps.find((one) => one.id === id);
  return step ? stepLabel(step) : visible(id);
}

/** Which code: `main @ 3f2a91c + changes`, and whether it is a stranger's. */
export function sourceLabel(source: RunSource): string {
  const ref = source.tag ?? source.branch;
  const commit = source.commit?.slice(0, 7) ?? null;
  const parts = [ref && visible(ref), commit && `@ ${commit}`].filter((part) => part !== null);
  if (source.mode === 'tree' && source.dirty)
    parts.push(parts.length > 0 ? '+ changes' : 'uncommitted files');
  if (source.base) parts.push('(untrusted)');
  return parts.join(' ') || 'files as they are';
}

/** Which commit's pipeline an untrusted run follows: `main @ 3f2a91c`. */
export function baseLabel({ ref, commit }: Pick<SourceBase, 'ref' | 'commit'>): string {
  return commit.startsWith(ref) ? commit.slice(0, 7) : `${visible(ref)} @ ${commit.slice(0, 7)}`;
}

/** A job, and its step when there is one: `test › run tests`. */
export function within(name: string, step: string | null, look: Look): string {
  return step === null ? name : `${name} ${look.glyphs.step} ${step}`;
}

/** A word of a command line as a person may paste it into a shell. */
export function commandWord(text: string): string {
  return /^[A-Za-z0-9_.,:=@/+-]+$/.test(text) ? text : `'${visible(text).replaceAll("'", `'\\''`)}'`;
}
