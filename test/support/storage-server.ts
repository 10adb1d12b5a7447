import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** How the next request is treated in place of a right answer. */
export type Misfortune = number | 'hang up' | 'cut' | 'never';

/** The plain HTTP storage that Sluice speaks to, in memory, with misfortunes on request. */
export class StorageServer {
  readonly objects = new Map<string, Buffer>();
  readonly misfortunes: Misfortune[] = [];
  readonly requests: string[] = [];
  /** Objects of a list's page. */
  pageSize = 3;
  readonly #token: string;
  readonly #server: Server;

  constructor(token: string) {
    this.#token = token;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/base`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request).catch(() => Buffer.alloc(0));
    const url = new URL(request.url!, 'http://server');
    const path = url.pathname.replace('/base/', '');
    this.requests.push(`${request.method} ${path}`);
    const end = (status: number, content: Buffer | string = '') => {
      response.writeHead(status, { 'Content-Length': Buffer.byteLength(content) });
      response.end(content);
    };
    const misfortune = this.misfortunes.shift();
    if (typeof misfortune === 'number') return end(misfortune);
    if (misfortune === 'hang up') return void request.socket.destroy();
    if (misfortune === 'never') return;
    if (request.headers.authorization !== `Bearer ${this.#token}`) return end(401);
    const present = this.objects.get(path);
    if (request.method === 'PUT') {
      this.objects.set(path, body);
      return end(204);
    }
    if (request.method === 'DELETE') {
      this.objects.delete(path);
      return end(204);
    }
    if (path === 'blobs' || path === 'references') return end(200, this.#list(path, url.searchParams));
    if (present === undefined) return end(404);
    if (misfortune === 'cut') {
      response.writeHead(200, { 'Content-Length': present.length });
      response.write(present.subarray(0, present.length >> 1), () => request.socket.destroy());
      return;
    }
    end(200, present);
  }

  #list(kind: string, query: URLSearchParams): string {
    const names = [...this.objects.keys()]
      .filter((key) => key.startsWith(`${kind}/${query.get('prefix')}`))
      .map((key) => key.slice(kind.length + 1))
      .sort()
      .filter((name) => name > query.get('after')!);
    const page = names.slice(0, this.pageSize);
    const objects = page.map((name) => ({
      name,
      bytes: this.objects.get(`${kind}/${name}`)!.length,
      changedAtMs: 1,
    }));
    return JSON.stringify({ objects, next: names.length > page.length ? page.at(-1) : null });
  }
}
