import { closeSync, constants, openSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonValue } from '../../base/json.ts';
import type { Annotation } from '../../journal/run-event.ts';
import { JobProblem } from '../problem.ts';
import { readStepFile } from '../step-file.ts';

/**
 * What one try of a step of a workflow told so far, besides its log, for whoever goes on when this process dies: in a file of the
 * job's private folder, since values that are to be masked may not reach the journal. It goes with the workspace.
 */
export type Note =
  | { readonly kind: 'mask'; readonly value: string }
  /** Commands mean nothing until the token; null: they mean something again. */
  | { readonly kind: 'stopped'; readonly token: string | null }
  | { readonly kind: 'annotation'; readonly annotation: Annotation }
  /** What the step left that holds a secret. */
  | { readonly kind: 'left'; readonly left: HiddenLeft };

/** Outputs and the like for the steps behind it in the same job, kept out of the journal. */
export interface HiddenLeft {
  readonly outputs: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly path: readonly string[];
}

const PREFIX = 'notes-';

/** The notes of one try. */
export class Notes {
  readonly #path: string;
  readonly annotations: readonly Annotation[] = [];
  /** The token that ends a stop of commands; null: there is none. */
  readonly stoppedBy: string | null = null;

  /** `known`: whether an earlier owner may have written some. Makes no file before the first note. */
  constructor(folder: string, stepKey: string, known: boolean) {
    this.#path = join(folder, `${PREFIX}${stepKey}`);
    if (!known) return;
    const notes = readNotes(this.#path);
    this.annotations = notes.flatMap((note) => (note.kind === 'annotation' ? [note.annotation] : []));
    const stop = notes.findLast((note) => note.kind === 'stopped');
    if (stop?.kind === 'stopped') this.stoppedBy = stop.token;
  }

  add(note: Note): void {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
    const descriptor = openSync(this.#path, flags, 0o600);
    try {
      writeSync(descriptor, `${JSON.stringify(note)}\n`);
    } finally {
      closeSync(descriptor);
    }
  }
}

/** All that the tries of the job's steps noted, by the key of the try. Steps may have damaged the files; then there is less. */
export function allNotes(folder: string): ReadonlyMap<string, readonly Note[]> {
  const names = readdirSync(folder).filter((name) => name.startsWith(PREFIX));
  return new Map(names.map((name) => [name.slice(PREFIX.length), readNotes(join(folder, name))]));
}

function readNotes(path: string): readonly Note[] {
  try {
    const lines = (readStepFile(path, 'notes') ?? '').split('\n');
    return lines.flatMap((line) => noteOf(line) ?? []);
  } catch (error) {
    if (error instanceof JobProblem) return [];
    throw error;
  }
}

function noteOf(line: string): Note | null {
  try {
    const value = JSON.parse(line) as Partial<Record<string, JsonValue>>;
    const isNote =
      (value.kind === 'mask' && typeof value.value === 'string') ||
      (value.kind === 'stopped' && (value.token === null || typeof value.token === 'string')) ||
      (value.kind === 'annotation' && isAnnotation(value.annotation)) ||
      (value.kind === 'left' && isLeft(value.left));
    return isNote ? (value as unknown as Note) : null;
  } catch {
    return null; // A crash cut it off.
  }
}

function isAnnotation(value: JsonValue | undefined): boolean {
  const { level, message, title, place } = (value ?? {}) as Partial<Record<keyof Annotation, unknown>>;
  return (
    (level === 'error' || level === 'warning' || level === 'notice') &&
    typeof message === 'string' &&
    (title === null || typeof title === 'string') &&
    (place === null || typeof (place as { file?: unknown } | undefined)?.file === 'string')
  );
}

function isLeft(value: JsonValue | undefined): boolean {
  const { outputs, variables, path } = (value ?? {}) as Partial<Record<keyof HiddenLeft, unknown>>;
  const areTexts = (one: unknown) =>
    typeof one === 'object' && one !== null && Object.values(one).every((text) => typeof text === 'string');
  return areTexts(outputs) && areTexts(variables) && Array.isArray(path) && areTexts(path);
}
