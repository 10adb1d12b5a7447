import type { Clock, Random } from '../../../base/port.ts';
import { StorageError } from '../../contract.ts';
import type { StoredObject } from './object-service.ts';

const ATTEMPTS = 4;
const FIRST_WAIT_MS = 200;
/** Until the answer begins; what is sent is given more by its size. */
const ANSWER_MS = 30_000;
/** Between two pieces of an answer. */
const SILENCE_MS = 30_000;
const SLOWEST_BYTES_PER_MS = 64;
/** An answer of this size is read whole, so that a cut one can be asked for again. */
const ONE_PIECE_BYTES_MAX = 16 * 2 ** 20;

export interface CallerOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Of the server, for messages. */
  readonly name: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** How much there is, if the server said so. */
  readonly bytes: number | null;
  /** The whole body when it is small or an error, else null. */
  readonly body: Uint8Array | null;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/**
 * Calls a server, again when it is busy, broken or silent, with growing waits. Rejects with `StorageError` `unreachable` when
 * it stays so; any other answer is the caller's to judge. `request` is made anew for each attempt, since signatures age.
 */
export async function call(
  request: () => Promise<Request>,
  sentBytes: number,
  { clock, random, name }: CallerOptions,
): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    const tried = await tryOnce(await request(), sentBytes, clock);
    if ('answer' in tried && !isPassing(tried.answer.status)) return tried.answer;
    if (attempt < ATTEMPTS) {
      const spread = 0.5 + random.bytes(1)[0]! / 256;
      await new Promise<void>((resolve) => clock.after(FIRST_WAIT_MS * 2 ** (attempt - 1) * spread, resolve));
      continue;
    }
    const cause = 'answer' in tried ? `it answers ${tried.answer.status}` : tried.reason;
    throw new StorageError(
      'unreachable',
      `${sentence(name)} cannot be reached: ${cause}, ${ATTEMPTS} times. Check its address and the network, or run without it.`,
    );
  }
}

/** The answer's object. */
export function storedObject({ bytes, chunks, body }: Answer): StoredObject {
  return { bytes: bytes ?? body?.length ?? 0, chunks };
}

/** The beginning of a message. */
export const sentence = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

function isPassing(status: number): boolean {
  return status >= 500 && status !== 501 && status !== 507 ? true : status === 408 || status === 429;
}

async function tryOnce(
  request: Request,
  sentBytes: number,
  clock: Clock,
): Promise<{ readonly answer: Answer } | { readonly reason: string }> {
  const abort = new AbortController();
  const watch = startWatch(clock, abort);
  try {
    watch.within(ANSWER_MS + sentBytes / SLOWEST_BYTES_PER_MS);
    // A redirect would take the credentials elsewhere.
    const response = await fetch(request, { signal: abort.signal, redirect: 'manual' });
    const length = response.headers.get('content-length');
    const bytes = length === null ? null : Number(length);
    const large = response.ok && request.method === 'GET' && bytes !== null && bytes > ONE_PIECE_BYTES_MAX;
    const chunks = piecesOf(response, watch);
    const answer = { status: response.status, headers: response.headers, bytes };
    if (large) return { answer: { ...answer, body: null, chunks } };
    const body = await readWhole(chunks);
    if (request.method !== 'HEAD' && bytes !== null && body.length !== bytes)
      return { reason: 'the answer was cut off' };
    return { answer: { ...answer, body, chunks: once(body) } };
  } catch (error) {
    watch.stop();
    return { reason: abort.signal.aborted ? 'it does not answer in time' : reasonOf(error) };
  }
}

interface Watch {
  within(ms: number): void;
  stop(): void;
}

function startWatch(clock: Clock, abort: AbortController): Watch {
  let cancel = () => {};
  return {
    within(ms) {
      cancel();
      cancel = clock.after(ms, () => abort.abort());
    },
    stop: () => cancel(),
  };
}

async function* piecesOf(response: Response, watch: Watch): AsyncIterable<Uint8Array> {
  try {
    watch.within(SILENCE_MS);
    for await (const piece of response.body ?? []) {
      watch.stop();
      yield piece;
      watch.within(SILENCE_MS);
    }
  } finally {
    watch.stop();
  }
}

async function readWhole(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of chunks) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function* once(body: Uint8Array): AsyncIterable<Uint8Array> {
  if (body.length > 0) yield body;
}

/** What the system said, without the address, which may hold what is not for everyone. */
function reasonOf(error: unknown): string {
  const { code, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    ENOTFOUND: 'its name is not known',
    EAI_AGAIN: 'its name cannot be looked up',
    ECONNREFUSED: 'nothing listens there',
    ECONNRESET: 'it hangs up',
    UND_ERR_SOCKET: 'it hangs up',
    CERT_HAS_EXPIRED: 'its certificate has expired',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by nobody known',
    SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by nobody known',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by nobody known',
  };
  return known[code ?? ''] ?? code ?? message;
}
