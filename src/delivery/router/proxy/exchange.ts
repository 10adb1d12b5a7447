import {
  type Agent,
  request as ask,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { addressOf } from './backends.ts';
import { answerHeaders, hasBody, requestHeaders } from './headers.ts';
import { BACKEND_LIMITS } from './limits.ts';
import type { Pick, Serving } from './serving.ts';

/** Doing it twice is doing it once (RFC 9110, 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** One request on its way to a backend, and its answer on the way back. Neither is ever held as a whole. */
export class Exchange {
  readonly #serving: Serving;
  readonly #agent: Agent;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #headers: string[];
  readonly #hasBody: boolean;
  readonly #startedAtMs = performance.now();
  #attempts = 0;
  #tried: Set<string> | null = null;
  #pick!: Pick;
  #upstream: ClientRequest | null = null;
  #isOver = false;

  constructor(serving: Serving, agent: Agent, request: IncomingMessage, response: ServerResponse) {
    this.#serving = serving;
    this.#agent = agent;
    this.#request = request;
    this.#response = response;
    this.#headers = requestHeaders(request, false);
    this.#hasBody = hasBody(request);
    response.on('close', () => this.#leave());
    this.#attempt(serving.pick(request.headers, null));
  }

  /** The request is here as a whole and no answer has begun: the client has nothing to do but wait. */
  get isWaiting(): boolean {
    return !this.#isOver && this.#request.complete && !this.#response.headersSent;
  }

  cut(): void {
    this.#upstream?.destroy();
    this.#response.destroy();
  }

  #attempt(pick: Pick | null, stale = false): void {
    if (pick === null) {
      this.#refuse(this.#attempts === 0 ? 503 : 502);
      return;
    }
    this.#pick = pick;
    this.#attempts++;
    this.#serving.begin(pick.version, this);
    const request = this.#request;
    // A kept connection may be closed by the backend at the moment it is used again. What cannot be asked twice gets a new one.
    const mayKeep = !stale && !this.#hasBody && IDEMPOTENT.has(request.method!);
    const upstream = ask({
      host: pick.backend.host,
      port: pick.backend.port,
      method: request.method!,
      path: request.url!,
      headers: this.#headers,
      agent: mayKeep ? this.#agent : false,
      timeout: BACKEND_LIMITS.answerTimeoutMs,
    });
    this.#upstream = upstream;
    let isConnected = false;
    let isTimedOut = false;
    upstream.on('socket', (socket) => {
      const onConnect = () => {
        isConnected = true;
        if (this.#hasBody) request.pipe(upstream);
      };
      if (!socket.connecting) {
        onConnect();
        return;
      }
      const timer = setTimeout(
        () => socket.destroy(new Error('no connection')),
        BACKEND_LIMITS.connectTimeoutMs,
      );
      socket.once('connect', () => {
        clearTimeout(timer);
        onConnect();
      });
      socket.once('close', () => clearTimeout(timer));
    });
    upstream.on('timeout', () => {
      isTimedOut = true;
      upstream.destroy(new Error('no answer in time'));
    });
    upstream.on('response', (answer) => this.#answer(answer));
    upstream.on('error', () => {
      if (this.#isOver || this.#upstream !== upstream) return;
      if (this.#response.headersSent) this.#breakOff();
      else this.#fail(isConnected, upstream.reusedSocket, isTimedOut);
    });
    if (!this.#hasBody) upstream.end();
  }

  #answer(answer: IncomingMessage): void {
    const response = this.#response;
    const latencyMs = performance.now() - this.#startedAtMs;
    const status = answer.statusCode!;
    let isEnded = false;
    const finish = (isError: boolean) => {
      if (isEnded) return;
      isEnded = true;
      this.#finish(status, isError, latencyMs);
    };
    answer.on('end', () => finish(status >= 500));
    answer.on('error', () => {
      // It was cut by us when the client is gone already.
      finish(status >= 500 || !response.destroyed);
      response.destroy();
    });
    answer.on('close', () => finish(status >= 500));
    if (response.destroyed) {
      answer.destroy();
      return;
    }
    response.writeHead(status, answer.statusMessage, answerHeaders(answer, this.#pick.setCookie));
    answer.pipe(response);
  }

  /** No answer has begun. */
  #fail(isConnected: boolean, isReused: boolean, isTimedOut: boolean): void {
    const { backend } = this.#pick;
    const mayRepeat =
      !isConnected || (IDEMPOTENT.has(this.#request.method!) && !this.#hasBody && !isTimedOut);
    if (isConnected && isReused && mayRepeat) {
      // The backend may have closed an idle connection just then; a new one tells whether something is wrong with it.
      this.#serving.end(this.#pick.version, this);
      this.#attempt(this.#pick, true);
      return;
    }
    if (!isConnected) this.#serving.backends.eject(backend);
    this.#finish(null, true, performance.now() - this.#startedAtMs);
    if (!mayRepeat || this.#attempts >= BACKEND_LIMITS.attemptsMax) {
      this.#refuse(isTimedOut ? 504 : 502);
      return;
    }
    this.#tried ??= new Set();
    this.#tried.add(addressOf(backend));
    this.#attempt(this.#serving.pick(this.#request.headers, this.#tried));
  }

  #breakOff(): void {
    this.#response.destroy();
  }

  /** One attempt is over. */
  #finish(status: number | null, isError: boolean, latencyMs: number): void {
    const { version, backend, counters } = this.#pick;
    counters.record(version, isError, latencyMs, performance.now());
    this.#serving.end(version, this);
    if (this.#serving.sinks.size > 0) {
      const { method, url } = this.#request;
      const line = {
        atMs: Date.now(),
        version,
        backend: addressOf(backend),
        method: method!,
        path: url!,
        status,
        latencyMs,
        lost: 0,
      };
      for (const sink of this.#serving.sinks) sink(line);
    }
    if (status !== null) this.#isOver = true;
  }

  #refuse(status: 502 | 503 | 504): void {
    this.#isOver = true;
    refuse(this.#response, status);
  }

  /** The client has its answer, or is gone. */
  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const upstream = this.#upstream;
    if (upstream === null) return;
    // A client that did not wait for an answer is no error of the version, but its wait counts.
    if (!this.#response.headersSent) this.#finish(null, false, performance.now() - this.#startedAtMs);
    upstream.destroy();
  }
}

const SENTENCES = {
  400: 'Bad Request',
  502: 'Bad Gateway: no backend of this service answered',
  503: 'Service Unavailable: no version of this service takes requests',
  504: 'Gateway Timeout: the backend did not answer in time',
} as const;

/** Answers for the proxy itself, and closes the connection when a body may still be on its way. */
export function refuse(response: ServerResponse, status: keyof typeof SENTENCES, reason = ''): void {
  if (response.headersSent || response.destroyed) return;
  const text = `${SENTENCES[status]}${reason === '' ? '' : `: ${reason}`}\n`;
  const headers = [
    'Content-Type',
    'text/plain; charset=utf-8',
    'Content-Length',
    `${Buffer.byteLength(text)}`,
  ];
  if (!response.req.complete || status === 400) headers.push('Connection', 'close');
  response.writeHead(status, headers);
  response.end(text);
}
