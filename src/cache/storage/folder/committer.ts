import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { flushFiles, flushFolders } from './durable.ts';
import { codeOf, folderError } from './failure.ts';

interface Waiting {
  readonly partial: string;
  readonly target: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Moves finished files to their places: content to the disk, rename, folders to the disk. What is asked for while a round is on
 * goes together in the next one, so that many files share one wait.
 */
export class Committer {
  readonly #directory: string;
  #waiting: Waiting[] = [];
  #going: Promise<void> | null = null;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Resolves when `target` is durable with the content of `partial`; what stood there is replaced. When it rejects, `partial` is
   * gone and `target` is the old one or the new one.
   */
  move(partial: string, target: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ partial, target, resolve, reject });
      this.#going ??= this.#work();
    });
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    await this.#going;
  }

  async #work(): Promise<void> {
    await setImmediate();
    while (this.#waiting.length > 0) {
      const round = this.#waiting;
      this.#waiting = [];
      await this.#commit(round);
    }
    this.#going = null;
  }

  async #commit(round: readonly Waiting[]): Promise<void> {
    try {
      await flushFiles(
        round.map(({ partial }) => partial),
        this.#directory,
      );
      const folders = new Set<string>();
      for (const { partial, target } of round) moveInto(partial, target, folders);
      await flushFolders(folders);
    } catch (error) {
      for (const { partial, reject } of round) {
        rmSync(partial, { force: true });
        reject(folderError(error, this.#directory));
      }
      return;
    }
    for (const { resolve } of round) resolve();
  }
}

/** Notes which folders changed. Tries again when the folder is removed at the same time because it was empty. */
function moveInto(partial: string, target: string, changed: Set<string>): void {
  const folder = dirname(target);
  for (let attempt = 1; ; attempt++) {
    try {
      renameSync(partial, target);
      changed.add(folder);
      return;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || attempt === 10) throw error;
      const first = mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (first === undefined) continue;
      for (let made = folder; made.length >= first.length; made = dirname(made)) changed.add(dirname(made));
    }
  }
}
