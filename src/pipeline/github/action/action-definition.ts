import type { Diagnostic } from '../../../base/diagnostic.ts';
import type { Expression, PlanStep } from '../../plan.ts';

/** What an `action.yml` says, checked. Strings marked *template* may hold `${{ }}`. */
export interface ActionDefinition {
  readonly name: string;
  /** In the order of the file, by the name as it is written. */
  readonly inputs: Readonly<Record<string, ActionInput>>;
  /** Templates over `steps`; only of a composite action. The others write theirs while they run. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly runs: ActionRuns;
  /** Unknown keys and the like; they reject nothing. */
  readonly warnings: readonly Diagnostic[];
}

export interface ActionInput {
  /** Template. */
  readonly default: string | null;
  readonly required: boolean;
  /** What to use instead; null: it is not deprecated. */
  readonly deprecation: string | null;
}

export type ActionRuns =
  | { readonly kind: 'composite'; readonly steps: readonly PlanStep[] }
  | {
      readonly kind: 'javascript';
      /** As it is written: `node20`. */
      readonly node: string;
      /** Relative to the folder of the action. */
      readonly main: string;
      readonly pre: ActionScript | null;
      readonly post: ActionScript | null;
    }
  | {
      readonly kind: 'docker';
      /** `docker://image`, or a file beside the `action.yml` to make it from. */
      readonly image: string;
      /** null: the image's own. */
      readonly entrypoint: string | null;
      /** Templates. */
      readonly args: readonly string[];
      /** Templates. */
      readonly variables: Readonly<Record<string, string>>;
      readonly pre: ActionScript | null;
      readonly post: ActionScript | null;
    };

/** What runs before or after the main part. */
export interface ActionScript {
  /** Relative to the folder of the action; of a container: an entrypoint. */
  readonly script: string;
  /** null: always. */
  readonly if: Expression | null;
}
