/** Where a workflow of another repository is: `owner/name/.github/workflows/FILE@REF`. */
export interface ForeignName {
  /** `owner/name`. */
  readonly repository: string;
  readonly path: string;
  /** Branch, tag or commit. */
  readonly ref: string;
}

/** A workflow of another repository as it was found, or why it cannot be had. */
export type ForeignWorkflow =
  | { readonly content: Uint8Array; readonly warnings: readonly string[] }
  | { readonly refused: string };

/** Workflows of other repositories that were looked for, by the name in `uses`; null: nobody looked for it. */
export type ForeignWorkflows = (name: string) => ForeignWorkflow | null;

/** null: the text names no workflow of another repository. */
export function foreignName(text: string): ForeignName | null {
  const match = /^([\w.-]+\/[\w.-]+)\/(\.github\/workflows\/[^/@\s]+\.ya?ml)@(\S+)$/.exec(text);
  if (!match || text.startsWith('./')) return null;
  const [, repository, path, ref] = match as unknown as [string, string, string, string];
  return { repository, path, ref };
}

/** The file that a call means which stands in another file; null: it names none. Both may be of other repositories. */
export function calledFile(uses: string, file: string): string | null {
  const local = /^\.\/(\.github\/workflows\/[^/]+\.ya?ml)$/.exec(uses)?.[1];
  if (local === undefined) return foreignName(uses) ? uses : null;
  const around = foreignName(file);
  return around ? `${around.repository}/${local}@${around.ref}` : local;
}
