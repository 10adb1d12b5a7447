import { counted } from '../../base/text.ts';
import type { WorkChanges } from '../../journal/run-event.ts';
import type { Fingerprint } from '../contract.ts';

/** Files named one by one; of more only the number is told. */
export const NAMED_MAX = 20;

/** What differs between what the work was last made of and what it is made of now. Pure. */
export function changesBetween(before: Fingerprint, now: Fingerprint): WorkChanges {
  const fields = compare(before.fields, now.fields);
  const files = compare(before.inputs, now.inputs);
  return {
    fields: [...fields.added, ...fields.changed, ...fields.removed].sort(),
    added: files.added.slice(0, NAMED_MAX),
    changed: files.changed.slice(0, NAMED_MAX),
    removed: files.removed.slice(0, NAMED_MAX),
    files: files.added.length + files.changed.length + files.removed.length,
  };
}

/** Why work was done, from what changed since it was last done. */
export function changesSentence({ fields, added, changed, removed, files }: WorkChanges): string {
  if (files === 0 && fields.length === 0) return 'nothing changed, but no result of it is kept any more';
  const parts: string[] = [];
  if (files > 0) {
    const [first] = [...changed, ...added, ...removed];
    const how = changed.length > 0 ? 'changed' : added.length > 0 ? 'is new' : 'is gone';
    parts.push(`${first} ${how}${files > 1 ? ` (and ${counted(files - 1, 'other input')})` : ''}`);
  }
  if (fields.length > 0)
    parts.push(`${fields[0]} changed${fields.length > 1 ? ` (and ${fields.length - 1} more)` : ''}`);
  return parts.join('; ');
}

interface Difference {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

function compare(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): Difference {
  const known = (record: Readonly<Record<string, string>>, name: string) => Object.hasOwn(record, name);
  const names = Object.keys(now).sort();
  return {
    added: names.filter((name) => !known(before, name)),
    changed: names.filter((name) => known(before, name) && before[name] !== now[name]),
    removed: Object.keys(before)
      .filter((name) => !known(now, name))
      .sort(),
  };
}
