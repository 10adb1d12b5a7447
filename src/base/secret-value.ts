const LENGTH_MIN = 8;
const BYTES_MAX = 1024 * 1024;
/** Fewer different characters are guessed at once, and masking them would hide rules such as `--------`. */
const DISTINCT_MIN = 3;

/** Words of eight and more letters that stand in ordinary output. Shorter ones are refused for their length. */
const COMMON = new Set([
  'password',
  'username',
  'localhost',
  'undefined',
  'production',
  'development',
  'staging0',
  'disabled',
  'required',
  'optional',
  'internal',
  'external',
  'database',
  'postgres',
  'postgresql',
  'administrator',
  'changeme',
  'anonymous',
  'warning:',
  'complete',
  'completed',
  'successful',
  'succeeded',
  'function',
  'document',
  'test1234',
  '12345678',
  '123456789',
  '1234567890',
  '127.0.0.1',
  'http://',
  'https://',
  'infinity',
  '-infinity',
]);

/** True for text that masking would hide in ordinary output. */
export function isTooCommon(text: string): boolean {
  return COMMON.has(text.toLowerCase()) || new Set(text).size < DISTINCT_MIN;
}

/**
 * Why this value cannot be used as a secret, as the end of the sentence "secret NAME ...", or null when it can.
 * A value that cannot be masked without hiding ordinary output must not become a secret, or nobody could trust the masking.
 */
export function secretProblem(value: string): string | null {
  const trimmed = value.trim();
  if (value.length === 0) return 'is empty';
  if (value.includes('\0')) return 'holds a NUL byte, which no environment variable can carry';
  if (Buffer.byteLength(value) > BYTES_MAX) return 'is larger than 1 MiB';
  if (['true', 'false', 'null', 'yes', 'no', 'none'].includes(trimmed.toLowerCase())) {
    return `is the word "${trimmed}", which masking would hide everywhere; a plain variable is enough for it`;
  }
  if (trimmed.length < LENGTH_MIN) {
    return `has fewer than ${LENGTH_MIN} characters, so it cannot be masked without hiding ordinary output; use a longer value`;
  }
  if (isTooCommon(trimmed))
    return 'is a common word or repeats one character, so masking would hide ordinary output';
  return null;
}
