import type { Expression } from '../../pipeline/plan.ts';

/** What an action does when the steps of the job are over. Plain data: whoever goes on with the job reads it from a file. */
export interface PostAction {
  /** The ids of the steps that lead to the action: it is registered once. */
  readonly key: string;
  /** The action as people know it. */
  readonly name: string;
  /** null: always. */
  readonly if: Expression | null;
  readonly work: PostWork;
  /** What its earlier parts left for it, by name. */
  readonly state: Record<string, string>;
}

export type PostWork =
  | {
      readonly kind: 'javascript';
      /** Absolute. */
      readonly script: string;
      /** Over the variables of the job: its inputs, and who it is. */
      readonly variables: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'docker';
      readonly image: string;
      readonly entrypoint: string;
      readonly variables: Readonly<Record<string, string>>;
    }
  /** A cache is saved under the key that was looked for. */
  | {
      readonly kind: 'save-cache';
      readonly key: string;
      readonly paths: readonly string[];
    };
