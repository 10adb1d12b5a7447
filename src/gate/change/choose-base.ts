/** A commit that a change is compared with, and how many commits it is behind the merge base. */
export interface ChosenBase {
  readonly commit: string;
  readonly behind: number;
}

/** Further behind than this, a comparison says so. */
export const BASE_BEHIND_NOTICE = 20;

/**
 * The commit to compare with: the nearest one with complete facts. `ancestors` are the merge base and the commits before it by
 * first parents, nearest first. A second parent is somebody's branch and was never the target branch, so it is none of them.
 */
export function chooseBase(
  ancestors: readonly string[],
  hasFacts: (commit: string) => boolean,
): ChosenBase | null {
  const behind = ancestors.findIndex(hasFacts);
  return behind < 0 ? null : { commit: ancestors[behind]!, behind };
}
