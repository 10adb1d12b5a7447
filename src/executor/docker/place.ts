import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { digestOf } from '../../base/digest.ts';
import { groupOfFile, groupPrefix, jobPrefix, stepName } from '../process/step-name.ts';

/** Where the engine's things of a job, and its files on this machine, are found again: by its key alone. */
export interface JobPlace {
  readonly jobKey: string;
  /** Exists as long as anything may be left of the job. */
  readonly folder: string;
  /** Shared with the container. */
  readonly receipts: string;
  /** Of the job's container and network; those of its services begin so. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export const LABEL = {
  job: 'sluice.job',
  run: 'sluice.run',
  owner: 'sluice.owner',
  folder: 'sluice.folder',
  area: 'sluice.area',
} as const;

/** The folders in which jobs, and services of jobs, have theirs. */
const AREAS = ['jobs', 'services'] as const;

/** `directory`: of the executor; `owner`: this process. */
export function jobPlace(
  directory: string,
  owner: string,
  jobKey: string,
  area: (typeof AREAS)[number] = 'jobs',
): JobPlace {
  const folder = join(directory, area, jobPrefix(jobKey).slice(0, -1));
  return {
    jobKey,
    folder,
    receipts: join(folder, 'receipts'),
    name: `sluice-${digestOf(`${directory}\n${jobKey}`).slice(0, 20)}`,
    labels: {
      [LABEL.job]: jobKey,
      [LABEL.run]: jobKey.split('.')[0]!,
      [LABEL.owner]: owner,
      [LABEL.folder]: folder,
      [LABEL.area]: area,
    },
  };
}

/** Makes the folders of the job. Returns whether something was known of it. */
export function enterPlace({ folder, receipts }: JobPlace): boolean {
  const isKnown = existsSync(folder);
  mkdirSync(receipts, { recursive: true, mode: 0o700 });
  // The container's user may be any; nobody else gets through the folder above.
  chmodSync(receipts, 0o777);
  return isKnown;
}

/** Whether anything may be left of the job. */
export function isEntered({ folder }: JobPlace): boolean {
  return existsSync(folder);
}

export function leavePlace({ folder }: JobPlace): void {
  rmSync(folder, { recursive: true, force: true });
}

export function receiptFile(place: JobPlace, stepKey: string): string {
  return join(place.receipts, receiptName(place.jobKey, stepKey));
}

/** The name of a step's receipt in the shared folder. */
export function receiptName(jobKey: string, stepKey: string): string {
  return stepName(jobKey, stepKey);
}

/** The groups of jobs that have a folder. */
export function groupsIn(directory: string): string[] {
  return AREAS.flatMap((area) => listed(join(directory, area))).map(groupOfFile);
}

/** Removes the folders of all jobs of a group, and what its steps were to be told. */
export function leaveGroup(directory: string, group: string): void {
  for (const area of AREAS) removeFiles(join(directory, area), (name) => groupOfFile(name) === group);
  removeFiles(memoryFolder(directory), (name) => name.startsWith(groupPrefix(group)));
}

/** The same for one job. */
export function leaveJob(directory: string, jobKey: string): void {
  const prefix = jobPrefix(jobKey);
  for (const area of AREAS) removeFiles(join(directory, area), (name) => `${name}.` === prefix);
  leaveMemory(directory, jobKey);
}

/** Removes what the job's steps were to be told and an earlier owner, killed at the wrong moment, left in memory. */
export function leaveMemory(directory: string, jobKey: string): void {
  const prefix = jobPrefix(jobKey);
  removeFiles(memoryFolder(directory), (name) => name.startsWith(prefix));
}

function removeFiles(folder: string, isMeant: (name: string) => boolean): void {
  for (const name of listed(folder).filter(isMeant))
    rmSync(join(folder, name), { recursive: true, force: true });
}

/** A private folder in memory where the machine has one, so that what is secret in it never comes to a disk; else `directory`. */
export function memoryFolder(directory: string): string {
  const folder = `/dev/shm/sluice-${process.getuid?.() ?? 0}`;
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch {
    // It is there, or it cannot be made.
  }
  const status = lstatSync(folder, { throwIfNoEntry: false });
  const isOurs = status?.isDirectory() && status.uid === process.getuid?.() && (status.mode & 0o077) === 0;
  return isOurs ? folder : directory;
}

function listed(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
