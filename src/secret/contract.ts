import type { Trust } from '../journal/event.ts';
import type { RunSource } from '../journal/run-event.ts';

/** Where secret values come from. Nothing that it returns is kept by it. */
export interface SecretSource {
  /**
   * null: no secret of that name for this job. `UserError`: there is one and it cannot be had (its key is missing, it was
   * damaged), or the job may have none. There is never a fallback to another place then.
   */
  read(name: string, job: SecretAsker): Promise<string | null>;
}

/** The job that a secret is read for: what scopes are compared with. */
export interface SecretAsker {
  readonly source: RunSource;
  /** The environment that the job deploys to; null: it deploys nowhere. */
  readonly environment: string | null;
  readonly trust: Trust;
}

/** For whom a secret is. */
export interface SecretScope {
  /** The repository's name as git's facts have it; null: every repository of this user. */
  readonly repository: string | null;
  /** Only jobs that deploy to it; null: every job that is granted the secret. */
  readonly environment: string | null;
}

/** What may be told of a secret. */
export interface KeptSecret extends SecretScope {
  readonly name: string;
  /** `store`: Sluice's own; `repository`: an age file in `.sluice/secrets`. */
  readonly from: 'store' | 'repository';
  /** Counts the values that it had; null where nobody counts. */
  readonly version: number | null;
  /** When it got its first and its latest value; null where nobody wrote it down. */
  readonly createdAtMs: number | null;
  readonly changedAtMs: number | null;
}

/** Keeps secrets of this user, encrypted. Each method is atomic, also between processes and for a kill at any instant. */
export interface SecretStore {
  /**
   * Gives a secret a value and returns its version, counted from 1. `rotate`: it must be there and the value must be a new one.
   * `UserError`: a bad name or value, no key, no such secret.
   */
  write(name: string, scope: SecretScope, value: string, mode: 'set' | 'rotate'): Promise<number>;
  /** The value of the narrowest scope that holds the job; null when there is none. */
  read(name: string, scope: SecretScope): Promise<string | null>;
  /** Sorted by name and scope. Needs no key. */
  list(): Promise<readonly KeptSecret[]>;
  /** False when there was none. Needs no key. */
  remove(name: string, scope: SecretScope): Promise<boolean>;
  /** Encrypts everything with a new key and returns how many secrets that were. Killed at any instant, all can be read. */
  rotateKey(): Promise<number>;
}

/** The age files of a repository: `.sluice/secrets/NAME.age`, or `.sluice/secrets/ENVIRONMENT/NAME.age`. */
export interface SecretFiles {
  /** Encrypts for everybody in `.sluice/recipients` and returns the file's path in the repository. */
  write(name: string, environment: string | null, value: string, mode: 'set' | 'rotate'): Promise<string>;
  list(): Promise<readonly KeptSecret[]>;
  /** The path of the file that went; null when there was none. */
  remove(name: string, environment: string | null): Promise<string | null>;
}
