import type { Digest } from '../../base/digest.ts';

/**
 * Throws unless the text is a digest as it is written everywhere: digests become parts of paths and addresses, so nothing
 * else may pass for one.
 */
export function checkDigest(digest: string): asserts digest is Digest {
  if (!isDigest(digest)) {
    throw new Error(`"${digest}" is no blob's name: a SHA-256 in 64 lower-case hexadecimal digits is one.`);
  }
}

export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
}

/** Parts that stay below 255 bytes with an ending; the whole below what S3 takes as a key with a prefix. */
const PART_LENGTH_MAX = 200;
const NAME_LENGTH_MAX = 800;

/** Throws unless the name is one of a reference: parts of letters, digits, `.`, `_`, `-`, `~`, none of them `.` or `..`. */
export function checkReferenceName(name: string): void {
  if (!isReferenceName(name)) {
    throw new Error(
      `"${name}" cannot name a reference: it takes parts of letters, digits, ".", "_", "-", "~", with "/" between them, each of at most ${PART_LENGTH_MAX} characters and none of them "." or "..".`,
    );
  }
}

export function isReferenceName(name: string): boolean {
  return (
    name.length <= NAME_LENGTH_MAX &&
    name
      .split('/')
      .every(
        (part) => /^[\w.~-]+$/.test(part) && part.length <= PART_LENGTH_MAX && part !== '.' && part !== '..',
      )
  );
}

/** What all names below the prefix begin with. Throws for a prefix that is neither empty nor a name. */
export function prefixText(prefix: string): string {
  if (prefix === '') return '';
  checkReferenceName(prefix);
  return `${prefix}/`;
}

/** The greatest names first, by code units, at most `limit`. */
export function descending(names: Iterable<string>, limit: number): string[] {
  return [...names].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0)).slice(0, limit);
}
