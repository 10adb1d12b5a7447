import type { Random } from './port.ts';

/** Letters and digits that are not mistaken for each other when read aloud (Crockford's base 32, lower case). */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * A new identifier that sorts by creation time: 9 characters of time in milliseconds (good until the year 3084)
 * and 5 of chance (25 bits a millisecond).
 */
export function newId(nowMs: number, random: Random): string {
  let time = nowMs;
  let text = '';
  for (let i = 0; i < 9; i++) {
    text = ALPHABET[time % 32] + text;
    time = Math.floor(time / 32);
  }
  for (const byte of random.bytes(5)) text += ALPHABET[byte % 32];
  return text;
}
