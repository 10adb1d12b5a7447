import type { RunSource } from '../journal/run-event.ts';

/** What a source changes against the branch that it goes to. */
export interface ChangeOfSource {
  /** Full name of the commit that is compared with: the merge base, or on the target branch itself the commit before. */
  readonly base: string;
  /** `base` and the commits before it by first parents, nearest first; at most 50. */
  readonly ancestors: readonly string[];
  /** What `git diff` says from `base` to the source, as gate/change/parse-diff.ts reads it. */
  readonly diff: string;
}

/** Asks the repository of a source about its past. It changes nothing there. */
export interface ChangeReader {
  /**
   * `targets`: branches or commits that the source goes to, of which the first that is known counts; empty: the default branch. `diffArguments`: how git is to write the
   * difference. null when git cannot tell, as of a first commit or without the history.
   */
  changeOf(
    source: RunSource,
    targets: readonly string[],
    diffArguments: readonly string[],
  ): Promise<ChangeOfSource | null>;
}
