import { createHash, hash } from 'node:crypto';

/** A SHA-256 in lower-case hexadecimal, 64 characters. Branded so that other strings cannot stand in for it. */
export type Digest = string & { readonly __brand: 'Digest' };

/** SHA-256 of text (as UTF-8) or bytes. */
export function digestOf(content: string | Uint8Array): Digest {
  return hash('sha256', content, 'hex') as Digest;
}

/** SHA-256 of bytes that come in chunks. `end` is called once, at the end. */
export function openDigest(): { update(chunk: Uint8Array): void; end(): Digest } {
  const state = createHash('sha256');
  return {
    update: (chunk) => void state.update(chunk),
    end: () => state.digest('hex') as Digest,
  };
}
