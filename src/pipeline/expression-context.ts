import type { JsonObject } from '../base/json.ts';

export type JobResult = 'success' | 'failure' | 'cancelled' | 'skipped';

/**
 * What an expression can see. Every key is a context by that name in `${{ }}`. `success()`, `failure()`, `cancelled()` and
 * `always()` look at `status`.
 */
export interface ExpressionContext {
  /** branch, tag, ref, sha, short_sha, dirty. */
  readonly git: JsonObject;
  /** name, actor, payload. */
  readonly event: JsonObject;
  /** id, number, attempt, trust. */
  readonly run: JsonObject;
  readonly pipeline: JsonObject;
  readonly inputs: JsonObject;
  /** Pipeline variables (also reachable as `variables`). */
  readonly vars: JsonObject;
  readonly env?: JsonObject;
  /** Of a GitHub workflow: what it has set itself; expressions see no other variable in `env`. Not said: all. */
  readonly envNames?: ReadonlySet<string>;
  readonly matrix?: JsonObject;
  /** Per needed job: result, outputs. */
  readonly needs?: JsonObject;
  /** Per finished step: outcome, conclusion, outputs. */
  readonly steps?: JsonObject;
  readonly job?: JsonObject;
  /** Only for the outputs of a workflow that is called: result and outputs of its jobs. */
  readonly jobs?: JsonObject;
  /** Of a GitHub workflow: os, arch, name, temp, tool_cache. */
  readonly runner?: JsonObject;
  /** Of a GitHub workflow: fail-fast, max-parallel. */
  readonly strategy?: JsonObject;
  /**
   * Of a deployment: environment, type, service, version, digest, commit, artifact, previous (the version before), arm
   * (`new` or `old`), host, port.
   */
  readonly deploy?: JsonObject;
  /** Values; only in the runner. */
  readonly secrets?: JsonObject;
  /** What `hashFiles()` asks: the hash of the job's files that match one of the globs. Only where there are files. */
  readonly hashFiles?: (globs: readonly string[]) => string;
  readonly status: { readonly failed: boolean; readonly cancelled: boolean; readonly skippedNeed: boolean };
}

/** How a condition came out, term by term, so that a skip can be explained. */
export interface Decision {
  /** The term as it stands in the source. */
  readonly term: string;
  readonly value: string;
  /** What follows the word "because", like `test failed`; null where the value speaks for itself or its parts tell. */
  readonly because: string | null;
  readonly parts: readonly Decision[];
}

export interface Condition {
  readonly met: boolean;
  readonly decision: Decision;
}
