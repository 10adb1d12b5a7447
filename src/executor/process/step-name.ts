import { digestOf } from '../../base/digest.ts';

const KEY_LENGTH = 20;

/** What the names of all files of a group of jobs begin with. */
export function groupPrefix(group: string): string {
  return `${group}-`;
}

/** What the names of all files of a job begin with. Digests, because a key may be longer than a file name. */
export function jobPrefix(jobKey: string): string {
  return `${groupPrefix(jobKey.split('.')[0]!)}${digestOf(jobKey).slice(0, KEY_LENGTH)}.`;
}

/** The group that a file belongs to. */
export function groupOfFile(file: string): string {
  return file.slice(0, file.lastIndexOf('-'));
}

/** The name under which the supervisor knows a step. */
export function stepName(jobKey: string, stepKey: string): string {
  return jobPrefix(jobKey) + digestOf(stepKey).slice(0, KEY_LENGTH);
}
