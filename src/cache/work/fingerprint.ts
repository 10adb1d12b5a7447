import { type Digest, digestOf } from '../../base/digest.ts';
import { canonicalJson, type JsonValue } from '../../base/json.ts';
import type { Fingerprint } from '../contract.ts';

/** Grows when Sluice comes to do the same parts differently: then no earlier result counts. */
export const FINGERPRINT_VERSION = 1;

/**
 * Everything that decides the result of a job or step. Two pieces of work with equal parts have equal results as far as their
 * declaration is right; so each part says why it is one.
 */
export interface WorkParts {
  /** Where programs run decides what they are: a binary made for one platform is wrong on another. */
  readonly platform: string;
  /** The language and time zone of the machine: sorting, messages and dates depend on them. */
  readonly locale: Readonly<Record<string, string>>;
  /** The same script finds other programs and files in another image, and another network. */
  readonly isolation: JsonValue;
  /** What is run: by step, its script with templates evaluated, shell, directory, condition and own variables. */
  readonly steps: Readonly<Record<string, JsonValue>>;
  /** Of pipeline, job and command line, evaluated: the script sees them. */
  readonly variables: Readonly<Record<string, string>>;
  /** Secrets by name and never by value: a new password is no new work, and a fingerprint must not tell it. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Variables from outside that are declared, or that Sluice sets and the script names; null: not set. */
  readonly outside: Readonly<Record<string, string | null>>;
  /** What the declared commands print: a new compiler makes new results of the same files. */
  readonly tools: Readonly<Record<string, string>>;
  /** How the jobs before it ended and which values they gave, since scripts and conditions see them. */
  readonly needs: Readonly<Record<string, JsonValue>>;
  /** Content digests of the artifacts that it downloads: files that come from other jobs. */
  readonly artifacts: Readonly<Record<string, JsonValue>>;
  /** What it makes: a result that was kept without a file that is wanted now is no result. */
  readonly results: JsonValue;
  /** The declared files: what is in them, and whether they may be executed. */
  readonly inputs: ReadonlyMap<string, string>;
}

/** How an input is told in a fingerprint: the digest of its content, with `+x` when it may be executed. */
export function inputText(digest: Digest, isExecutable: boolean): string {
  return isExecutable ? `${digest}+x` : digest;
}

/**
 * The fingerprint of the parts. Pure; the order in which members were added does not count. Values from outside the pipeline
 * are told by digest alone, since fingerprints are kept and shown.
 */
export function fingerprintOf(parts: WorkParts): Fingerprint {
  const fields: Record<string, string> = {
    version: String(FINGERPRINT_VERSION),
    platform: parts.platform,
    isolation: shown(parts.isolation),
    results: shown(parts.results),
  };
  const add = (kind: string, members: Readonly<Record<string, JsonValue>>, text = shown) => {
    for (const name in members) fields[`${kind} ${name}`] = text(members[name]!);
  };
  add('locale', parts.locale);
  add('step', parts.steps);
  add('variable', parts.variables, hidden);
  add('secret', parts.secrets);
  add('outside variable', parts.outside, hidden);
  add('tool', parts.tools);
  add('need', parts.needs);
  add('artifact', parts.artifacts);
  return { digest: digestOfAll(fields, parts.inputs), fields, inputs: Object.fromEntries(parts.inputs) };
}

/** Names and values are written as JSON strings, so that no end of one can pass for the beginning of another. */
function digestOfAll(fields: Readonly<Record<string, string>>, inputs: ReadonlyMap<string, string>): Digest {
  const named = Object.keys(fields)
    .sort()
    .map((name) => [name, fields[name]]);
  const files = [...inputs].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return digestOf(JSON.stringify([named, files]));
}

const SHORT = 64;

/** JSON text, or its digest where it is long. A digest stands without quotes, so it is no JSON text. */
function shown(value: JsonValue): string {
  const text = canonicalJson(value);
  return text.length <= SHORT ? text : digestOf(text);
}

function hidden(value: JsonValue): string {
  return value === null ? 'not set' : digestOf(String(value));
}
