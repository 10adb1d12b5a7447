import type { Fence } from '../fence.ts';

export type { Fence };

/**
 * Who gets how much of a service's traffic. One router stands before one service of one environment. One contract suite
 * (test/contract/router.contract.ts) is passed by every implementation.
 *
 * A router goes on serving what it was told last when everything else is dead: nothing here is needed for a request to be answered.
 * Calls may come from several processes, a dead owner's among them. Every change carries a fence, and one that is older than
 * the newest the router has seen changes nothing. Every change may be made again: the second time finds it done. Nothing
 * here rejects for what the router or its machine does: `unknown` is an answer, after which the caller asks `state`.
 * Nothing here reads or writes the journal; the caller records the intent before and the receipt after.
 */
export interface Router {
  readonly kind: 'proxy' | 'haproxy' | 'nginx' | 'scripted';
  /**
   * Makes `traffic` the whole truth, at once: every later request sees all of it and none of what was before. Requests that are
   * open stay where they are. A version that is no longer named gets no new request. Refused when it is no valid traffic
   * (`findTrafficProblem`), or older than what the router has.
   */
  setWeights(fence: Fence, traffic: Traffic): Promise<RouterReply>;
  /** What the router does now, and by whose order. This is how a lost reply is found again. */
  state(): Promise<RouterState | Unknown>;
  /** What each version has done since the epoch began. Changes nothing; anyone may ask, as often as they like. */
  observe(): Promise<RouterCounts | Unknown>;
  /**
   * Gives the version no new request, neither by rule, nor for a visitor that stays, nor as standby, and waits until its open ones are over, for at most
   * `deadlineMs`. The reply says how many are open still. Refused while the version has weight. `setWeights` ends it.
   */
  drain(fence: Fence, version: string, deadlineMs: number): Promise<DrainReply>;
  /** Forgets a version; what is still open with it is cut. Refused while it has weight. One that is not known is gone already. */
  remove(fence: Fence, version: string): Promise<RouterReply>;
  /**
   * Hands on a line for each request that is over, until the returned function is called. A sink that cannot follow loses
   * lines, never traffic; `lost` says how many. Left out by a router that has no such stream.
   */
  follow?(onLine: (line: RequestLine) => void): Promise<() => void>;
}

/** All that a router knows. */
export interface Traffic {
  /**
   * Their weights sum to 100. Visitors that stay keep to this order: as the weight of the first grows, those that it has
   * stay with it, so a candidate stands first.
   */
  readonly versions: readonly VersionTraffic[];
  /** The first that fits decides, whatever the weights are. None holds for a version without a backend that answers. */
  readonly rules: readonly TrafficRule[];
  /** How a visitor stays on a version; null: each request is chosen for itself. */
  readonly stickiness: Stickiness | null;
  /** Latencies in ascending order; how many requests were slower than each is counted. */
  readonly thresholdsMs: readonly number[];
}

export interface VersionTraffic {
  /** Such as the digest of its artifact. */
  readonly version: string;
  /** From 0 to 100. With 0 it gets requests by rules only. */
  readonly weightPercent: number;
  readonly backends: readonly Backend[];
  /** It takes the requests for which no version with weight has a backend that answers. For one that is proven, never for a suspect. */
  readonly standby: boolean;
}

export interface Backend {
  readonly host: string;
  readonly port: number;
}

/** Requests with this header or cookie and exactly this value go to the version. Names of headers are compared without case. */
export interface TrafficRule {
  readonly kind: 'header' | 'cookie';
  readonly name: string;
  readonly value: string;
  readonly version: string;
}

export type Stickiness =
  /** The router gives each visitor a cookie of this name. */
  | { readonly by: 'cookie'; readonly name: string }
  /** Requests with the same value of this header belong together; those without it are chosen for themselves. */
  | { readonly by: 'header'; readonly name: string };

/** The router did not answer, or not in time, or what it said cannot be read; what was asked for may have happened. */
export interface Unknown {
  readonly outcome: 'unknown';
  readonly reason: string;
}

export type RouterReply =
  /** `warning`: it holds now, but may not survive the router's next start; the router goes on trying. */
  | { readonly outcome: 'done'; readonly warning: string | null }
  /** It changed nothing, and would not if asked again. */
  | { readonly outcome: 'refused'; readonly cause: 'older-fence' | 'invalid'; readonly reason: string }
  | Unknown;

export type DrainReply =
  /** `open`: requests and upgraded connections that outlived the deadline. */
  | { readonly outcome: 'done'; readonly open: number }
  | Extract<RouterReply, { outcome: 'refused' }>
  | Unknown;

export interface RouterState {
  readonly outcome: 'known';
  /** Of the last change; null: there was none. */
  readonly fence: Fence | null;
  /** null: none was set, and every request is refused with 503. */
  readonly traffic: Traffic | null;
  /** Where requests are taken; null: only the router's own configuration says. */
  readonly listen: Backend | null;
  /** Open requests by version, also of versions that are no longer named. */
  readonly open: Readonly<Record<string, number>>;
  /** Backends that did not take a connection and get no request until they do. */
  readonly down: readonly Backend[];
}

export interface RouterCounts {
  readonly outcome: 'known';
  /**
   * Counts only grow while it is the same, and begin at 0 with each new one: when the router starts anew, and where it can when weights or
   * thresholds change. Counts of two epochs are never subtracted.
   */
  readonly epoch: string;
  /** Those that are counted: of the traffic's, as many as the router can count. */
  readonly thresholdsMs: readonly number[];
  readonly versions: Readonly<Record<string, VersionTally>>;
}

/** Of requests that are over. */
export interface VersionTally {
  readonly requests: number;
  /** Answers from 500, connections that failed, and answers that broke off. Never more than `requests`. */
  readonly errors: number;
  /** Slower than each of `thresholdsMs`, until the answer began. */
  readonly exceed: readonly number[];
  /**
   * The latest full seconds in which there was a request, oldest first, at most 60: how bursty requests and errors come. Empty with
   * a router that does not count them.
   */
  readonly seconds: readonly SecondTally[];
}

export interface SecondTally {
  /** Seconds since the epoch began, by a clock that does not jump. */
  readonly second: number;
  readonly requests: number;
  readonly errors: number;
}

export interface RequestLine {
  readonly atMs: number;
  readonly version: string;
  readonly backend: string;
  readonly method: string;
  readonly path: string;
  /** null: there was no answer. */
  readonly status: number | null;
  /** Until the answer began, or until it was clear that none comes. */
  readonly latencyMs: number;
  /** Lines that were lost before this one. */
  readonly lost: number;
}
