import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How one request is answered; nothing: it is left open. */
export type HttpAnswer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A server on loopback that answers as the test says at the moment. */
export class ScriptedHttp {
  answer: HttpAnswer;
  readonly #server: Server;

  private constructor(server: Server, answer: HttpAnswer) {
    this.#server = server;
    this.answer = answer;
    server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
      let body = '';
      try {
        for await (const piece of request) body += piece;
      } catch {
        return;
      }
      this.answer(request, response, body);
    });
  }

  static async open(answer: HttpAnswer): Promise<ScriptedHttp> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ScriptedHttp(server, answer);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

export function json(value: unknown, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return raw(200, JSON.stringify(value), { 'content-type': 'application/json', ...headers });
}

export function raw(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return (_request, response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
}

/** What any server may do instead of answering, by name. */
export const HTTP_MISHAPS: Readonly<Record<string, HttpAnswer>> = {
  'answers 500': raw(500, '{"requests": 0, "errors": 0}'),
  'answers 503 with a page': raw(503, '<html>busy</html>', { 'content-type': 'text/html' }),
  'answers with nothing': raw(200, ''),
  'answers 204': raw(204, ''),
  'answers with a login page': raw(200, '<!doctype html><form>', { 'content-type': 'text/html' }),
  'answers with a page that says it is JSON': raw(200, '\n<html>', { 'content-type': 'application/json' }),
  'leads to a login': raw(302, '', { location: '/login' }),
  'wants a login': raw(401, '{}'),
  'is not there': raw(404, 'not found'),
  'is no JSON': raw(200, 'requests 4'),
  'is cut off': (_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"requests": 1');
    setImmediate(() => response.destroy());
  },
  'is JSON that ends too early': raw(200, '{"requests": 1'),
  'never begins': () => {},
  'never ends': (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"requests":');
  },
  'is endless': (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const piece = ' '.repeat(2 ** 16);
    const more = () => {
      while (!response.destroyed && response.write(piece));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  },
  'hangs up': (request) => request.socket.destroy(),
  'is deeply nested': raw(200, '['.repeat(1_000_000)),
};
