import type { Trust } from '../journal/event.ts';
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

/** An action of another repository, as a workflow names it. */
export interface ActionWanted {
  /** `owner/name`. */
  readonly repository: string;
  /** Branch, tag or commit. */
  readonly ref: string;
  /** Whose lock file says which commit is meant. */
  readonly source: RunSource;
  /** What an untrusted run wants must be pinned by its base and be here already. */
  readonly trust: Trust;
  /** false: it is no action but files that a step asks for, and no lock file says which. */
  readonly isPinned?: boolean;
}

export interface ActionFound {
  /** Names this content: a file name. */
  readonly name: string;
  /** null: a plain folder. */
  readonly commit: string | null;
  /** Where it comes from and what pins it. */
  readonly sentence: string;
  /** What a person should see: a ref that moved since it was pinned. */
  readonly warnings: readonly string[];
  /**
   * Puts its files into the folder, which must not be there, and appears there when all are whole. Resolves to what a person should
   * see of it, or null. Rejects with a `UserError` when they are not what was pinned.
   */
  copyTo(folder: string): Promise<string | null>;
}

/** Actions of other repositories: from a mirror on this machine, or from the forge. Pins what it finds in the lock file. */
export interface ActionSource {
  /** Rejects with a `UserError` that says where was looked, and the way out. */
  find(wanted: ActionWanted): Promise<ActionFound>;
}
