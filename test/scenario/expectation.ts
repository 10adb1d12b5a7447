import * as z from 'zod';

/*
 * The language of `expected.yaml`: what is done to the repository of a fixture, one thing after the other, and what must
 * come of each. Unknown keys are refused, so that a misspelt expectation is never one that cannot fail.
 *
 * `{run}` in a text is the id of the fixture's newest run, `{NAME}` that of the run started as NAME, `{scratch}` a folder
 * outside the repository, `{repository}` the repository, `{path}` the PATH that the program gets.
 */

export const words = z.union([z.string(), z.array(z.string())]);
/** Every text must be there (`contain`) or must not be there (`lack`); white space counts as one space. */
export const textExpectation = z.union([
  words,
  z.strictObject({ contain: words.optional(), lack: words.optional(), equal: z.string().optional() }),
]);
/** Data that must be contained: every key and value that is written here, others may be there too. */
const partial = z.record(z.string(), z.json());

const stepExpectation = z.union([
  z.string(),
  z.strictObject({
    outcome: z.string().optional(),
    tries: z.int().optional(),
    cause: partial.optional(),
    reason: z.string().optional(),
  }),
]);

export const cellExpectation = z.union([
  z.string(),
  z.strictObject({
    outcome: z.string(),
    attempts: z.int().optional(),
    cause: partial.optional(),
    /** Text of the reason why it was skipped, waits or was tried again. */
    reason: z.string().optional(),
    /** A term of the recorded decision tree. */
    decision: partial.optional(),
    outputs: z.record(z.string(), z.string()).optional(),
    failed_step: z.string().optional(),
    tail: words.optional(),
    reused: z.boolean().optional(),
    steps: z.record(z.string(), stepExpectation).optional(),
  }),
]);

export const logExpectation = z.union([
  words,
  z.strictObject({
    step: z.string().optional(),
    /** Exactly these lines of the cell, in order. */
    lines: z.array(z.string()).optional(),
    contain: words.optional(),
    lack: words.optional(),
    count: z.int().optional(),
  }),
]);

const endExpectations = {
  exit: z.int().optional(),
  /** The signal that ended the program. */
  killed: z.string().optional(),
  stdout: textExpectation.optional(),
  stderr: textExpectation.optional(),
  /** Standard output as JSON. */
  json: z.json().optional(),
  outcome: z.string().optional(),
  sentence: z.string().optional(),
  warnings: words.optional(),
  /** All cells of the run. */
  cells: z.record(z.string(), cellExpectation).optional(),
  /** By cell; `*` for all together. */
  logs: z.record(z.string(), logExpectation).optional(),
  /** Events that must appear in this order, with others between. */
  events: z.array(partial).optional(),
  no_events: z.array(partial).optional(),
  /** No two of these cells ran at the same time. */
  apart: z.array(z.string()).optional(),
  /** At no time did more cells run than this. */
  at_most_running: z.int().optional(),
  /** Files of the repository, or of `{scratch}`, with a text they contain; null: there is none. */
  files: z.record(z.string(), z.string().nullable()).optional(),
};

const action = z.union([
  z.strictObject({
    sluice: z.string(),
    /** Goes on in the background under this name. */
    as: z.string().optional(),
    in: z.string().optional(),
    environment: z.record(z.string(), z.string()).optional(),
    ...endExpectations,
  }),
  /** The end of what was started as this. */
  z.strictObject({ end: z.string(), ...endExpectations }),
  /** Waits until the command that was started as this told of such an event. */
  z.strictObject({ until: z.string(), event: partial }),
  z.strictObject({ until_file: z.string() }),
  /** Waits until the command that was started as this has printed a text. */
  z.strictObject({ until_output: z.string(), text: z.string() }),
  z.strictObject({ until_error: z.string(), text: z.string() }),
  /** Waits until so many runs of the command that was started as this are over. */
  z.strictObject({ until_runs: z.string(), count: z.int() }),
  /** Kills, with SIGKILL, everything that is left of the program's helpers and steps. */
  z.strictObject({ kill_processes: z.literal(true) }),
  z.strictObject({ signal: z.string(), to: z.string() }),
  z.strictObject({ write: z.record(z.string(), z.string()) }),
  /** A command in the repository. */
  z.strictObject({ shell: z.string() }),
]);

export const scenarioSchema = z.strictObject({
  /** One sentence: what is shown. */
  shows: z.string(),
  /** Programs without which it cannot be seen, with what installs each. */
  needs: z.record(z.string(), z.string()).optional(),
  /** Written after the commit. */
  uncommitted: z.record(z.string(), z.string()).optional(),
  /** Workspaces are left on purpose. */
  leaves_workspaces: z.boolean().optional(),
  do: z.array(action).min(1),
});

export type Scenario = z.infer<typeof scenarioSchema>;
export type Action = z.infer<typeof action>;
type WithEnd = Extract<Action, { sluice: string } | { end: string }>;
/** What must come of one command. */
export type EndExpectation = Pick<WithEnd, keyof typeof endExpectations>;
export type CellExpectation = z.infer<typeof cellExpectation>;
export type LogExpectation = z.infer<typeof logExpectation>;
export type TextExpectation = z.infer<typeof textExpectation>;
