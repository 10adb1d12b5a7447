/** A project as `init` looks at it. Paths are relative to its root. */
export interface Project {
  readonly name: string;
  has(path: string): Promise<boolean>;
  /** null when there is no such file. */
  read(path: string): Promise<string | null>;
  /** Names in a folder, folders with a `/` at the end; empty when there is none. */
  list(folder: string): Promise<readonly string[]>;
}

/** A job that passes with what the project has. */
export interface FoundJob {
  readonly name: string;
  /** Why it is there: the file that was found. */
  readonly because: string;
  readonly commands: readonly string[];
}

/** Looks for one language. null when the project is not written in it, or nothing could be done with it. */
export type Detector = (project: Project) => Promise<FoundJob | null>;
