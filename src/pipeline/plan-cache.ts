import type { Place } from '../base/diagnostic.ts';

/** Folders that are brought along from run to run: restored before the first step, saved after a job that succeeded. */
export interface DirectoryCache {
  /** Template. The newest entry under exactly this key is restored; it is saved under this key. */
  readonly key: string;
  /**
   * Globs of files whose content is a part of the key: `-` and the first 16 digits of their `hashFiles()` stand behind `key`. Empty: nothing is added. Templates.
   */
  readonly keyFiles: readonly string[];
  /** Beginnings of keys to restore from, in this order, when there is no exact entry. Templates. */
  readonly restoreKeys: readonly string[];
  /** Files, folders and globs relative to the workspace; `!` before one leaves out. Templates. */
  readonly paths: readonly string[];
  /** The job only reads them: they may be linked instead of copied, and are not saved again. */
  readonly readonly: boolean;
  readonly place: Place;
}
