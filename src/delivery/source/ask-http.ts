import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { visible } from '../../base/text.ts';
import type { Answer } from './answer.ts';

const BYTES_MAX = 4 * 2 ** 20;
/** A server whose clock differs by more, or a copy that is older, tells nothing of the asked span. */
const DATE_DIFFERENCE_MAX_MS = 60_000;

export interface HttpQuestion {
  readonly url: string;
  /** Sent as a form by POST; null: GET. */
  readonly form: Readonly<Record<string, string>> | null;
  readonly timeoutMs: number;
}

export interface JsonAnswer {
  readonly status: number;
  readonly json: unknown;
  /** The server's clock less ours; null: it did not say. Exact to a second or two. */
  readonly aheadMs: number | null;
}

/** A URL as messages show it: nothing of what may be secret. */
export function shownUrl(url: string): string {
  const parsed = URL.parse(url);
  // What cannot be read may hold a password anywhere.
  if (parsed === null || !isWeb(parsed)) return 'its address';
  return visible(`${parsed.origin}${parsed.pathname}`).slice(0, 200);
}

/**
 * Asks a URL for JSON. Whatever does not answer in time, with JSON, from that very address, is a problem. `accept`: the statuses whose
 * body is the caller's to judge besides 200.
 */
export async function askJson(
  question: HttpQuestion,
  accept: readonly number[] = [],
): Promise<Answer<JsonAnswer>> {
  const url = URL.parse(question.url);
  if (!url || !isWeb(url)) return { problem: 'is no address; write http:// or https://' };
  if (url.username !== '' || url.password !== '')
    return { problem: 'has a user name or password in its address; ask by a command that has its own' };
  const askedAtMs = Date.now();
  const heard = await exchange(url, question);
  if ('problem' in heard) return heard;
  const { status, type, body, ageS, dateMs } = heard.value;
  const problem = statusProblem(status, accept) ?? bodyProblem(type, body);
  if (problem !== null) return { problem };
  const aheadMs = dateMs === null ? null : dateMs - askedAtMs;
  if (ageS * 1000 > DATE_DIFFERENCE_MAX_MS || (aheadMs !== null && aheadMs < -DATE_DIFFERENCE_MAX_MS))
    return { problem: 'gives an old answer; ask it past its cache, and set the clocks of both machines' };
  try {
    return { value: { status, json: JSON.parse(body), aheadMs } };
  } catch {
    return { problem: 'answers with what is no JSON; name an address that gives JSON' };
  }
}

function isWeb({ protocol }: URL): boolean {
  return protocol === 'http:' || protocol === 'https:';
}

interface Heard {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly ageS: number;
  readonly dateMs: number | null;
}

function exchange(url: URL, { form, timeoutMs }: HttpQuestion): Promise<Answer<Heard>> {
  const { promise, resolve } = Promise.withResolvers<Answer<Heard>>();
  const signal = AbortSignal.timeout(timeoutMs);
  const content = form === null ? null : new URLSearchParams({ ...form }).toString();
  const fail = (error: Error) => {
    const late = `does not answer within ${timeoutMs} ms; see whether it is overloaded`;
    resolve({ problem: signal.aborted ? late : reasonOf(error) });
  };
  // Not fetch: it refuses ports that metric servers use, and unpacks what it was not asked to.
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
    method: content === null ? 'GET' : 'POST',
    signal,
    agent: false,
    headers: {
      accept: 'application/json',
      'cache-control': 'no-cache',
      ...(content !== null && {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(content),
      }),
    },
  });
  request.on('error', fail);
  request.on('response', (response) => {
    const pieces: Buffer[] = [];
    let size = 0;
    response.on('error', fail);
    response.on('aborted', () => fail(new Error('hangs up in the middle of its answer')));
    response.on('data', (piece: Buffer) => {
      pieces.push(piece);
      size += piece.length;
      if (size <= BYTES_MAX) return;
      resolve({ problem: `answers with more than ${BYTES_MAX / 2 ** 20} MiB; ask it for less` });
      request.destroy();
    });
    response.on('end', () => {
      const dateMs = Date.parse(response.headers.date ?? '');
      resolve({
        value: {
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          body: Buffer.concat(pieces).toString('utf8'),
          ageS: Number(response.headers.age) || 0,
          dateMs: Number.isNaN(dateMs) ? null : dateMs,
        },
      });
    });
  });
  request.end(content);
  return promise;
}

function statusProblem(status: number, accept: readonly number[]): string | null {
  if (status === 200 || accept.includes(status)) return null;
  if (status === 401 || status === 403)
    return `answers ${status}; it wants to know who asks: ask by a command that has its own credentials`;
  if (status >= 300 && status < 400) return `answers ${status} and leads elsewhere; give the final address`;
  if (status === 404) return 'answers 404; see whether its address is right';
  return `answers ${status}; look there why`;
}

function bodyProblem(type: string, body: string): string | null {
  if (body.trim() === '') return 'answers with nothing; look there why';
  const isPage = /html/i.test(type) || /^\s*</.test(body);
  return isPage ? 'answers with a web page, such as a login; give the address of its figures' : null;
}

/** What the system said, without an address, which may hold what is not for everyone. */
function reasonOf(error: Error & { code?: string }): string {
  const certificate = 'see its certificate, or NODE_EXTRA_CA_CERTS';
  const known: Readonly<Record<string, string>> = {
    ENOTFOUND: 'has a name that is not known; see whether its address is right',
    EAI_AGAIN: 'has a name that cannot be looked up now; see whether the network works',
    ECONNREFUSED: 'is not there: nothing listens at its address; see whether it runs',
    ECONNRESET: 'hangs up; see whether it runs, and whether it is http or https',
    HPE_INVALID_CONSTANT: 'does not speak HTTP; see whether its address is right',
    EPROTO: 'does not speak TLS as asked; see whether it is http or https',
    CERT_HAS_EXPIRED: `has a certificate that has expired; ${certificate}`,
    DEPTH_ZERO_SELF_SIGNED_CERT: `has a certificate signed by nobody known; ${certificate}`,
    SELF_SIGNED_CERT_IN_CHAIN: `has a certificate signed by nobody known; ${certificate}`,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: `has a certificate signed by nobody known; ${certificate}`,
    ERR_TLS_CERT_ALTNAME_INVALID: `has a certificate for another name; ${certificate}`,
  };
  const { code } = error;
  if (code === undefined) return `${visible(error.message)}; look there why`;
  return known[code] ?? `cannot be asked (${visible(code)}); see whether its address is right and it runs`;
}
