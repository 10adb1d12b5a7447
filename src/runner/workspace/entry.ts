/** A file or link of a source tree. Folders are made as their files need them. */
export interface Entry {
  /** Relative, with `/`. */
  readonly path: string;
  readonly kind: 'file' | 'link';
  /** Permission bits only: no set-user-id, no sticky bit. */
  readonly mode: number;
  readonly bytes: number;
  readonly modifiedMs: number;
  /** Of a link. */
  readonly target: string;
}

export interface SourceList {
  readonly root: string;
  readonly entries: readonly Entry[];
  /** Every folder that the entries need, parents first. */
  readonly folders: readonly string[];
  readonly bytes: number;
  /** What could not be taken along, as sentences. */
  readonly warnings: readonly string[];
}
