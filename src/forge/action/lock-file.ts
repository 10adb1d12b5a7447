/** Where a repository pins the actions of others, relative to its top. */
export const LOCK_FILE = '.github/sluice-actions.lock';

/** What `owner/name@ref` is, once it was found. */
export interface Pin {
  /** `owner/name`, as the workflow writes it. */
  readonly repository: string;
  readonly ref: string;
  /** null: a plain folder of a mirror. */
  readonly commit: string | null;
  /** Of all its files: `sha256:` and 64 digits. */
  readonly content: string;
  /** What the ref was: a branch or a tag can move. */
  readonly kind: 'commit' | 'tag' | 'branch' | 'folder';
}

const HEAD = `# Which actions of others the workflows run. Written by Sluice at their first use; commit it.
# \`sluice action update\` looks again what the names mean now.
`;
const LINE =
  /^([\w.-]+\/[\w.-]+)@(\S+) (-|[0-9a-f]{40,64}) (sha256:[0-9a-f]{64}) (commit|tag|branch|folder)$/;

/** Reads a lock file. A line that is none is told by its number; nothing else of the file counts then. */
export function readPins(text: string): readonly Pin[] | { readonly badLine: number } {
  const pins: Pin[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const match = LINE.exec(line.trimEnd());
    if (!match) return { badLine: index + 1 };
    const [, repository, ref, commit, content, kind] = match as unknown as [
      string,
      string,
      string,
      string,
      string,
      Pin['kind'],
    ];
    pins.push({ repository, ref, commit: commit === '-' ? null : commit, content, kind });
  }
  return pins;
}

/** The text of a lock file: one line a pin, in order, so that two branches merge. */
export function writePins(pins: readonly Pin[]): string {
  const lines = pins.map(
    ({ repository, ref, commit, content, kind }) =>
      `${repository}@${ref} ${commit ?? '-'} ${content} ${kind}`,
  );
  return `${HEAD}${lines.sort().join('\n')}\n`;
}

/** Names of repositories are told apart without regard to case, refs are not. */
export function isSamePin(
  one: Pick<Pin, 'repository' | 'ref'>,
  other: Pick<Pin, 'repository' | 'ref'>,
): boolean {
  return one.repository.toLowerCase() === other.repository.toLowerCase() && one.ref === other.ref;
}
