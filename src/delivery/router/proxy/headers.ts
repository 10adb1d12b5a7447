import type { IncomingMessage } from 'node:http';

/** Belong to one connection and are not passed on (RFC 9110, 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What `Connection` cannot take away: without these the two sides could read one message differently. */
const NEVER_BY_HOP = new Set(['host', 'content-length', 'cookie', 'authorization']);

/**
 * Why the request is refused before it is passed on: two parties could read it as different requests (RFC 9112, 11.2). null: it is
 * passed on. Node's parser has already refused a length beside an encoding, two lengths and bare line ends.
 */
export function findAmbiguity(request: IncomingMessage): string | null {
  const { url = '', headers, rawHeaders, httpVersion } = request;
  if (!url.startsWith('/') && !(url === '*' && request.method === 'OPTIONS'))
    return 'the target of the request is no path';
  let hosts = 0;
  let lengths = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
    else if (name.length === 14 && name.toLowerCase() === 'content-length') lengths++;
  }
  if (hosts > 1 || (hosts === 0 && httpVersion === '1.1')) return 'a request has one Host';
  const encoding = headers['transfer-encoding'];
  if (lengths > 1 || (lengths > 0 && encoding !== undefined)) return 'a request has one length';
  if (lengths > 0 && !/^\d+$/.test(headers['content-length']!)) return 'the length is no number';
  if (encoding !== undefined && (encoding.toLowerCase() !== 'chunked' || httpVersion !== '1.1'))
    return 'the only transfer encoding is chunked';
  return null;
}

/** Whether a body follows the request's headers. */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/** Headers for the backend, name and value by turns. `upgrade`: keeps what asks for another protocol. */
export function requestHeaders(request: IncomingMessage, upgrade: boolean): string[] {
  const { headers, rawHeaders, socket } = request;
  const kept = endToEnd(rawHeaders, headers.connection);
  const result: string[] = [];
  for (let index = 0; index < kept.length; index += 2) {
    const name = kept[index]!.toLowerCase();
    // Told anew below; and the proxy itself has asked for the rest of the body.
    if (name === 'x-forwarded-for' || name === 'expect') continue;
    result.push(kept[index]!, kept[index + 1]!);
  }
  const address = plainAddress(socket.remoteAddress);
  const before = headers['x-forwarded-for'];
  // Only the last address is what we saw; those before it are what the client, or a proxy before us, said.
  result.push('X-Forwarded-For', before === undefined ? address : `${before}, ${address}`);
  // TLS ends before us, if at all: then the one before us says so.
  if (headers['x-forwarded-proto'] === undefined) result.push('X-Forwarded-Proto', 'http');
  if (headers['x-forwarded-host'] === undefined && headers.host !== undefined)
    result.push('X-Forwarded-Host', headers.host);
  if (headers.host === undefined) result.push('Host', '');
  if (headers['transfer-encoding'] !== undefined) result.push('Transfer-Encoding', 'chunked');
  if (upgrade) result.push('Connection', 'Upgrade', 'Upgrade', headers.upgrade ?? '');
  return result;
}

/** Headers for the client, name and value by turns. */
export function answerHeaders(answer: IncomingMessage, setCookie: string | null): string[] {
  const result = endToEnd(answer.rawHeaders, answer.headers.connection);
  if (setCookie !== null) result.push('Set-Cookie', setCookie);
  return result;
}

/** The address without the form that IPv4 has inside IPv6. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

function endToEnd(rawHeaders: readonly string[], connection: string | undefined): string[] {
  const named = connection === undefined || isPlain(connection) ? null : namesOf(connection);
  const result: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase();
    if (HOP_BY_HOP.has(name) || (named?.has(name) && !NEVER_BY_HOP.has(name))) continue;
    result.push(rawHeaders[index]!, rawHeaders[index + 1]!);
  }
  return result;
}

function isPlain(connection: string): boolean {
  return connection === 'keep-alive' || connection === 'close';
}

function namesOf(connection: string): Set<string> {
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
}
