import { type Digest, digestOf } from '../base/digest.ts';
import type { NewEvent, StoredEvent } from '../journal/event.ts';

/** Stands where the first event of a stream, and the first checkpoint, would name the one before it. */
export const CHAIN_START = '0'.repeat(64) as Digest;

/** The text of an event as it is stored and hashed. The author's key order is kept, so reading needs no re-serialisation. */
export function eventText(event: NewEvent): string {
  return JSON.stringify(event);
}

/**
 * The hash of one event: SHA-256 over the UTF-8 bytes of
 *
 *     <hash of the event before, 64 hex digits> LF <stream> LF <sequence> LF <the stored text, byte for byte>
 *
 * Neither a stream's name nor JSON text holds a line feed, so no two different events give the same bytes. Moving an
 * event to another place or stream, or changing one byte of it, changes this hash and with it all later ones.
 */
export function eventHash(previous: string, stream: string, sequence: number, text: string): Digest {
  return digestOf(`${previous}\n${stream}\n${sequence}\n${text}`);
}

/** The hash of a checkpoint: over the previous checkpoint's hash, its number and the text of the heads it covers. */
export function checkpointHash(previous: string, number: number, headsText: string): Digest {
  return digestOf(`${previous}\n${number}\n${headsText}`);
}

/** An event from its verified text. */
export function storedEvent(text: string, stream: string, sequence: number, hash: string): StoredEvent {
  return Object.assign(JSON.parse(text), { stream, sequence, hash });
}

/**
 * Throws when a stream's name could not stand in the chain or in a message: it must be 1 to 512 characters without
 * control characters or half surrogates. Names come from journal/stream.ts, so this is an internal error.
 */
export function checkStreamName(stream: string): void {
  if (
    stream.length === 0 ||
    stream.length > 512 ||
    /[\u0000-\u001f\u007f]/.test(stream) ||
    !stream.isWellFormed()
  ) {
    throw new Error(`internal error: ${JSON.stringify(stream.slice(0, 80))} is no name for a stream`);
  }
}
