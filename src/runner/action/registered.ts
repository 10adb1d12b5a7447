import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../base/port.ts';
import type { PlanStep } from '../../pipeline/plan.ts';
import { readStepFile } from '../step-file.ts';
import type { Prepared } from './action-run.ts';
import type { PostAction } from './post-action.ts';

const FILE = 'posts.json';

/** By step, in the order in which the steps registered something. */
export type Registered = readonly RegisteredStep[];

export interface RegisteredStep {
  readonly step: string;
  readonly posts: readonly PostAction[];
  /** What was done for it before all steps. */
  readonly prepared: Prepared;
}

/** With what a further part of the same step registered: an action that was there keeps its turn, with its newer state. */
export function withRegistered(known: Registered, added: RegisteredStep): Registered {
  const before = known.find(({ step }) => step === added.step);
  if (!before) return [...known, added];
  const posts = new Map([...before.posts, ...added.posts].map((post) => [post.key, post]));
  const merged = {
    ...added,
    posts: [...posts.values()],
    prepared: { ...before.prepared, ...added.prepared },
  };
  return known.map((one) => (one === before ? merged : one));
}

/**
 * Keeps what is still to be done for whoever goes on when this process dies: in the private folder of the job, since what actions
 * leave for themselves is often secret. `folder`: that of the job.
 */
export function keepPosts(folder: string, registered: Registered, random: Random): void {
  // By way of another name: whatever a step of the job may have put in its place is replaced and not written through.
  const partial = join(folder, `${FILE}-${Buffer.from(random.bytes(12)).toString('hex')}`);
  writeFileSync(partial, JSON.stringify(registered), { mode: 0o600, flag: 'wx' });
  renameSync(partial, join(folder, FILE));
}

/** What an earlier owner kept; nothing when it kept nothing that can be read. */
export function keptPosts(folder: string): Registered {
  try {
    const text = readStepFile(join(folder, FILE), 'posts');
    return text === null ? [] : (JSON.parse(text) as Registered);
  } catch {
    return []; // A crash cut it off.
  }
}

/** The step as which the job's end shows what is left of `step`. */
export function postStepOf(step: PlanStep): PlanStep {
  return {
    ...step,
    id: `${step.id}.post`,
    name: `Post ${step.name}`,
    if: null,
    allowFailure: false,
    timeoutMs: null,
    parallelGroup: null,
  };
}

/** The step as which the job's beginning shows what the action of `step` does before all steps. */
export function preStepOf(step: PlanStep): PlanStep {
  const { workflow: said, ...plain } = step;
  const { allowFailure, timeoutMinutes } = said ?? {};
  const workflow = {
    ...(allowFailure ? { allowFailure } : {}),
    ...(timeoutMinutes ? { timeoutMinutes } : {}),
  };
  return {
    ...plain,
    id: `${step.id}.pre`,
    name: `Pre ${step.name}`,
    if: { source: 'always()', place: step.place },
    parallelGroup: null,
    ...(said ? { workflow } : {}),
  };
}
