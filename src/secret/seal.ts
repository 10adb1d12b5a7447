import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Random } from '../base/port.ts';
import type { SecretKey } from './key.ts';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What a value belongs to. It is authenticated with it, so that a record moved to another name or scope does not open. */
export interface Label {
  readonly name: string;
  readonly repository: string;
  readonly environment: string;
  readonly version: number;
}

/** Encrypts and authenticates a value: nonce, tag and cipher text in one. */
export function seal(value: string, label: Label, key: SecretKey, random: Random): Uint8Array {
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key.bytes, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(labelBytes(label));
  const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
}

/** The value, or null when record, label and key do not belong together. */
export function unseal(sealed: Uint8Array, label: Label, key: SecretKey): string | null {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv(ALGORITHM, key.bytes, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(labelBytes(label));
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  const text = decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([text, decipher.final()]).toString();
  } catch {
    return null; // The only failure here: the tag is not that of these bytes.
  } finally {
    text.fill(0);
  }
}

function labelBytes({ name, repository, environment, version }: Label): Buffer {
  return Buffer.from(JSON.stringify(['sluice-secret-1', name, repository, environment, version]));
}
