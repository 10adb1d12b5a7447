import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { normalAddress } from './address.ts';
import { type Fault, Suffering } from './fault.ts';
import { LinkStore } from './link-store.ts';
import type { Log } from './log.ts';

export interface AppOptions {
  readonly version: string;
  readonly commit: string;
  /** What is wrong with this build; `none` in a good one. */
  readonly fault: Fault;
  readonly log: Log;
  /** False from the moment the service was asked to stop, so that no new traffic is sent to it. */
  readonly isReady: () => boolean;
}

/** More than any address is a mistake or an attack. */
const BODY_BYTES_MAX = 16 * 1024;

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly location?: string;
}

/** The service as a listener of requests; no port is opened here. */
export function createApp(options: AppOptions): RequestListener {
  const links = new LinkStore();
  const suffering = new Suffering(options.fault);
  /** Requests of users by their status. */
  const requests = new Map<number, number>();

  return async (request, response) => {
    const startedAtMs = performance.now();
    const path = new URL(request.url ?? '/', 'http://service').pathname;
    if (path === '/metrics') {
      response.setHeader('content-type', 'text/plain; version=0.0.4').end(metrics());
      return;
    }
    const isAbout = path.startsWith('/health/') || path === '/version';
    let answer: Answer;
    try {
      answer = isAbout ? about(path) : await serve(request, path);
    } catch (error) {
      options.log('error', { path, message: (error as Error).message });
      answer = { status: 500, body: { error: 'internal error' } };
    }
    if (!isAbout) requests.set(answer.status, (requests.get(answer.status) ?? 0) + 1);
    send(response, answer);
    const durationMs = Math.round(performance.now() - startedAtMs);
    options.log('request', { method: request.method, path, status: answer.status, durationMs });
  };

  /** As Prometheus reads them. */
  function metrics(): string {
    const lines = [...requests].map(
      ([status, count]) => `http_requests_total{code="${status}",commit="${options.commit}"} ${count}\n`,
    );
    return `# TYPE http_requests_total counter\n${lines.join('')}`;
  }

  function about(path: string): Answer {
    if (path === '/health/live') return { status: 200, body: { status: 'live' } };
    if (path === '/version')
      return { status: 200, body: { version: options.version, commit: options.commit } };
    if (path !== '/health/ready') return NOT_FOUND;
    const isReady = options.isReady() && !suffering.isNeverReady;
    return { status: isReady ? 200 : 503, body: { status: isReady ? 'ready' : 'not ready' } };
  }

  async function serve(request: IncomingMessage, path: string): Promise<Answer> {
    await suffering.duringRequest();
    if (request.method === 'POST' && path === '/links') {
      const url = normalAddress(urlOf(await bodyOf(request)));
      if (url === null)
        return { status: 400, body: { error: 'send {"url": "https://..."} with an http or https address' } };
      return { status: 201, body: links.add(url) };
    }
    if (request.method !== 'GET') return NOT_FOUND;
    if (path.startsWith('/links/')) {
      const link = links.find(path.slice('/links/'.length));
      return link === null ? NOT_FOUND : { status: 200, body: link };
    }
    const url = links.follow(path.slice(1));
    return url === null ? NOT_FOUND : { status: 302, location: url };
  }
}

const NOT_FOUND: Answer = { status: 404, body: { error: 'there is no such link' } };

function send(response: ServerResponse, { status, body, location }: Answer): void {
  response.writeHead(status, {
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(location !== undefined && { location }),
  });
  response.end(body === undefined ? undefined : `${JSON.stringify(body)}\n`);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const piece of request) {
    body += piece;
    if (body.length > BODY_BYTES_MAX) return '';
  }
  return body;
}

function urlOf(body: string): unknown {
  try {
    return JSON.parse(body)?.url;
  } catch {
    return null;
  }
}
