import { closeSync, lstatSync, openSync, renameSync } from 'node:fs';

/**
 * Empty files of a job for its next step. To make a file takes a file system some thirty times as long as to rename one, and most
 * steps leave theirs as they were made.
 */
export class EmptyFiles {
  readonly #spare: string[] = [];

  /** Makes an empty file; one that is there stays as it is. Throws what the file system says. */
  make(path: string): void {
    const spare = this.#spare.pop();
    if (spare !== undefined && isUntouched(spare)) renameSync(spare, path);
    else closeSync(openSync(path, 'a'));
  }

  /** Takes the files of a step that is over and was read. What it wrote, or put in their place, is left where it is. */
  giveBack(paths: readonly string[]): void {
    this.#spare.push(...paths.filter(isUntouched));
  }
}

function isUntouched(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && found.size === 0 && found.nlink === 1;
}
