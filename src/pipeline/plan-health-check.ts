import type { Place } from '../base/diagnostic.ts';

/** Asks again and again whether something works. */
export interface HealthCheck {
  /** For people: given, or what is asked. */
  readonly name: string;
  /** May it get traffic? Must it be started again? Has it started? */
  readonly kind: 'readiness' | 'liveness' | 'startup';
  readonly ask: HealthQuestion;
  readonly intervalMs: number;
  /** Of one answer. */
  readonly timeoutMs: number;
  /** Good answers in a row that make it healthy. */
  readonly successThreshold: number;
  /** Bad answers in a row that make it unhealthy. */
  readonly failureThreshold: number;
  readonly place: Place;
}

/** The texts are templates. */
export type HealthQuestion =
  /**
   * `url`: complete, or a path such as `/health`, which is asked of the checked instance. `status`: the only good one;
   * null: any from 200 to 399.
   */
  | { readonly kind: 'http'; readonly url: string; readonly status: number | null }
  /** `host` null: that of the checked instance. */
  | { readonly kind: 'tcp'; readonly host: string | null; readonly port: number }
  /** Exit code 0 is good. */
  | { readonly kind: 'command'; readonly run: string };
