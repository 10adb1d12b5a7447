import type { Diagnostic } from '../base/diagnostic.ts';
import type { Client } from '../client/contract.ts';
import type { Look } from './look.ts';
import type { CliPorts, Sources } from './ports.ts';
import type { Settings } from './settings.ts';

/** What every verb gets: the world, what the user set, and how to write. */
export interface Context {
  readonly ports: CliPorts;
  readonly settings: Settings;
  /** How standard output looks. */
  readonly look: Look;
  readonly json: boolean;
  /** Results: lines to standard output. */
  print(lines: string | readonly string[]): void;
  /** Nobody reads the results any more; a run goes on all the same, but there is no use in printing. */
  isReaderGone(): boolean;
  /** Everything said beside the result: lines to standard error. */
  note(lines: string | readonly string[]): void;
  /** Problems, with excerpts of the files that are remembered, to standard error. */
  tell(diagnostics: readonly Diagnostic[]): Promise<void>;
  /** Files that problems may be shown in. */
  remember(sources: Sources): void;
  /** One JSON value to standard output. */
  printJson(value: unknown): void;
  /** The one client of this command; opened when first asked for and closed by `runCli`. `drives`: see `openClient`. */
  client(drives?: boolean): Promise<Client>;
}

/** A verb: does its work and resolves to the exit code. */
export type Verb<Options> = (context: Context, given: readonly string[], options: Options) => Promise<number>;

/** What exit codes mean, everywhere. */
export const EXIT = { done: 0, failed: 1, wrong: 2, unable: 3, waiting: 4 } as const;
