import type { TrafficMatch } from '../../pipeline/plan-strategy.ts';
import type { Fence } from '../fence.ts';

/**
 * Who gets the traffic of one service in one environment: the built-in proxy, HAProxy, nginx. One contract suite
 * (test/contract/router.contract.ts) is passed by every implementation: constant keep-alive GET and POST load through
 * 1 > 5 > 25 > 50 > 100 > 0 %, a reload, a kill of the caller and a kill of a backend, without a failed GET or a doubled POST.
 *
 * The router is not part of Sluice's process: when that is gone, the last good weights are served on. The caller trusts nothing it
 * remembers and asks `read` after each change of owner. Versions are named by their digests.
 *
 * A promise that rejects means that it is not known what happened, and the caller will `read`; except for `RefusedError` and
 * `StaleFenceError`, after which it is certain that nothing was changed. No call waits longer than ten seconds.
 */
export interface Router {
  readonly kind: 'proxy' | 'haproxy' | 'nginx' | 'scripted';
  /** What it cannot promise, for people; empty: nothing. */
  readonly limits: readonly string[];
  /**
   * All traffic by these weights from now on. Whole or not at all: at no moment is there a mixture of old and new, and a torn write
   * leaves the old ones. Idempotent. The weights sum to 100; a version with 0 gets no request that is not bound to it already.
   * Backends that are not named keep what they serve until `drain`. Refused when a version with a weight has no backend.
   */
  setWeights(fence: Fence, routing: Routing): Promise<void>;
  /** What it does now, asked of the router itself; null: it has no routing of this service yet. */
  read(): Promise<{ readonly fence: Fence; readonly routing: Routing } | null>;
  /**
   * What each version did since the router began to count. Cumulative: the caller takes differences, and only between two answers of the
   * same `epoch`. A reload or a restart that begins to count anew has another epoch; a count never becomes smaller within one.
   */
  observe(): Promise<Observed>;
  /**
   * Calls back for each answered request, for latency; at least 99 of 100 requests are told, and `lost` counts the others. null: this
   * router cannot. The returned function ends it.
   */
  stream(onRequest: (request: AnsweredRequest) => void): (() => void) | null;
  /**
   * No new connection, and no new request of an old one, goes to the version. Resolves with the requests that were still open after
   * `deadlineMs`: 0 means that it may be stopped without anybody noticing.
   */
  drain(fence: Fence, digest: string, deadlineMs: number): Promise<number>;
  /** Forgets a version with weight 0 and its backends. One that is not there is no error. */
  remove(fence: Fence, digest: string): Promise<void>;
  close(): Promise<void>;
}

export interface Routing {
  readonly versions: readonly RoutedVersion[];
  /** A visitor stays on one version; then visitors are counted and not requests. */
  readonly sticky: boolean;
  /** Requests that get this version whatever its weight. null: none. */
  readonly match: { readonly digest: string; readonly any: readonly TrafficMatch[] } | null;
}

export interface RoutedVersion {
  readonly digest: string;
  /** 0 to 100, with at most two decimals. */
  readonly percent: number;
  /** `host:port` of its instances. */
  readonly backends: readonly string[];
}

export interface Observed {
  readonly epoch: string;
  readonly versions: Readonly<Record<string, VersionTotals>>;
}

export interface VersionTotals {
  readonly requests: number;
  /** Answered with 500 to 599, or not at all because of the backend. What the client broke off is none. */
  readonly errors: number;
  /** Tried again on another backend; part of `requests` once. */
  readonly retried: number;
}

export interface AnsweredRequest {
  readonly digest: string;
  readonly status: number;
  /** From the request's first byte to the answer's last. */
  readonly durationMs: number;
  /** The visitor, where the router tells visitors apart. */
  readonly visitor: string | null;
}
