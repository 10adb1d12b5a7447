import type { Place } from '../base/diagnostic.ts';

/** By what evidence a release is judged. null means "not said": the default of the delivery room holds. */
export interface AnalysisDefinition {
  /** The chance that a good release is rolled back, which all statistical triggers of the release share. */
  readonly alpha: number | null;
  /** Time between two looks. */
  readonly intervalMs: number | null;
  /** Where counts of requests, errors and latencies come from. null: the router. */
  readonly source: EvidenceSource | null;
  /** The standard checks that are switched off. */
  readonly off: readonly StandardCheck[];
  /** Standard checks with other limits, and the user's own. Standard ones that are neither here nor `off` have their defaults. */
  readonly checks: readonly AnalysisCheck[];
  /** Trigger a rollback of their own, without statistics. */
  readonly triggers: readonly AnalysisTrigger[];
  readonly place: Place;
}

export const STANDARD_CHECKS = ['error_rate', 'latency', 'health_failures', 'resources'] as const;
export type StandardCheck = (typeof STANDARD_CHECKS)[number];

export interface AnalysisCheck {
  /** Unique among the checks: that of the standard check, or the user's. */
  readonly name: string;
  readonly standard: StandardCheck | null;
  /** Harm is beyond this. `baseline`: the factor over what the old version shows. Shares are from 0 to 1. */
  readonly limit:
    | { readonly kind: 'at_most' | 'at_least'; readonly value: number }
    | { readonly kind: 'baseline'; readonly factor: number };
  /** Of `latency`: which part of the requests is at most that slow, such as 0.95. */
  readonly quantile: number | null;
  /** `sequential`: may be looked at any time. `window`: each interval is compared with the limit as it is. */
  readonly test: 'sequential' | 'window';
  /** null: that of the analysis. */
  readonly source: EvidenceSource | null;
  readonly minSample: number | null;
  readonly onNoData: 'hold' | 'proceed' | 'rollback' | null;
  /** `observe`: what it says is shown and decides nothing. */
  readonly mode: 'rollback' | 'observe';
  readonly place: Place;
}

/** The texts are templates, which see `deploy.version`, `deploy.arm` and so on. */
export type EvidenceSource =
  | { readonly kind: 'router' }
  | { readonly kind: 'prometheus'; readonly url: string; readonly query: string }
  /** `field`: path to the number in the answer, such as `data.rate`. */
  | { readonly kind: 'http'; readonly url: string; readonly field: string }
  /** Prints one number. */
  | { readonly kind: 'command'; readonly run: string };

/** A firing alert (HTTP: `field` is true or a number over 0) or a script (exit code not 0) rolls back at once. */
export interface AnalysisTrigger {
  readonly name: string;
  readonly source: EvidenceSource;
  readonly place: Place;
}
