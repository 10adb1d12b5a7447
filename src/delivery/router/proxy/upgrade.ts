import { request as ask, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { addressOf } from './backends.ts';
import { answerHeaders, findAmbiguity, hasBody, requestHeaders } from './headers.ts';
import { BACKEND_LIMITS } from './limits.ts';
import type { Pick, Serving } from './serving.ts';

/** Whether a request asks for the one protocol that is passed through. Any other `Upgrade` is ignored, as HTTP allows. */
export function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/** Joins the client's connection with one to a backend, which stays for as long as both want. */
export function upgrade(serving: Serving, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.on('error', () => socket.destroy());
  const problem = findAmbiguity(request) ?? (hasBody(request) ? 'an upgrade has no body' : null);
  if (problem !== null) {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  attempt(serving, request, socket, head, null, 1);
}

function attempt(
  serving: Serving,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  tried: ReadonlySet<string> | null,
  attempts: number,
): void {
  const pick = serving.pick(request.headers, tried);
  if (pick === null) {
    const status = attempts === 1 ? '503 Service Unavailable' : '502 Bad Gateway';
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    return;
  }
  const { version, backend, counters, setCookie }: Pick = pick;
  const startedAtMs = performance.now();
  const upstream = ask({
    host: backend.host,
    port: backend.port,
    method: request.method!,
    path: request.url!,
    headers: requestHeaders(request, true),
    agent: false,
    timeout: BACKEND_LIMITS.answerTimeoutMs,
  });
  const open = {
    cut: () => {
      upstream.destroy();
      socket.destroy();
    },
  };
  serving.begin(version, open);
  let isConnected = false;
  let isAnswered = false;
  const record = (isError: boolean) => {
    isAnswered = true;
    const now = performance.now();
    counters.record(version, isError, now - startedAtMs, now);
  };
  const onClientGone = () => {
    if (!isAnswered) record(false);
    upstream.destroy();
    serving.end(version, open);
  };
  socket.on('close', onClientGone);
  upstream.on('socket', (other) => {
    other.once('connect', () => {
      isConnected = true;
    });
  });
  upstream.on('timeout', () => upstream.destroy(new Error('no answer in time')));
  upstream.on('upgrade', (answer, other, rest) => {
    record(false);
    other.setTimeout(0);
    other.on('error', () => other.destroy());
    other.on('close', () => socket.destroy());
    socket.on('close', () => other.destroy());
    socket.write(
      headText(answer, setCookie, ['Connection', 'Upgrade', 'Upgrade', answer.headers.upgrade ?? '']),
    );
    if (rest.length > 0) socket.write(rest);
    if (head.length > 0) other.write(head);
    other.pipe(socket);
    socket.pipe(other);
  });
  upstream.on('response', (answer) => {
    record(answer.statusCode! >= 500);
    socket.write(headText(answer, setCookie, ['Connection', 'close']));
    answer.pipe(socket);
    answer.on('error', () => socket.destroy());
  });
  upstream.on('error', () => {
    if (isAnswered) {
      socket.destroy();
      return;
    }
    record(true);
    serving.end(version, open);
    socket.off('close', onClientGone);
    if (!isConnected) serving.backends.eject(backend);
    const next = new Set([...(tried ?? []), addressOf(backend)]);
    if (attempts < BACKEND_LIMITS.attemptsMax) attempt(serving, request, socket, head, next, attempts + 1);
    else socket.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  upstream.end();
}

function headText(answer: IncomingMessage, setCookie: string | null, added: readonly string[]): string {
  const headers = [...answerHeaders(answer, setCookie), ...added];
  let text = `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n`;
  for (let index = 0; index < headers.length; index += 2)
    text += `${headers[index]}: ${headers[index + 1]}\r\n`;
  return `${text}\r\n`;
}
