import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RequestLine, Traffic } from '../contract.ts';
import { openControl } from './control.ts';
import { type Front, openFront } from './front.ts';
import { openProxyRouter } from './proxy-router.ts';
import { Serving } from './serving.ts';
import { Steering } from './steering.ts';

let folder: string;
let serving: Serving;
let steering: Steering;
let front: Front;
let control: Server;
let port: number;
let backend: Server;
let answerWith: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-proxy-'));
  answerWith = (_request, response) => response.end('hello');
  const http = createServer((request, response) => answerWith(request, response));
  http.on('upgrade', (request: IncomingMessage, socket) => {
    const accept = createHash('sha1')
      .update(request.headers['sec-websocket-key'] ?? '')
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.pipe(socket);
  });
  backend = http;
  serving = new Serving();
  front = openFront(serving);
  port = await listening(front.server);
  steering = new Steering(serving, join(folder, 'traffic.json'), { host: '127.0.0.1', port });
  control = await openControl(join(folder, 'control'), serving, steering, () => {});
  steering.setWeights({ token: 1, order: 1 }, await traffic());
});

afterEach(async () => {
  control.close();
  await front.stop(0);
  steering.close();
  serving.backends.close();
  (backend as ReturnType<typeof createServer>).closeAllConnections();
  backend.close();
  rmSync(folder, { recursive: true });
});

describe('the proxy passes on', () => {
  it('what is end to end, and nothing of one connection', async () => {
    let seen: IncomingMessage['headers'] = {};
    answerWith = (request, response) => {
      seen = request.headers;
      response.writeHead(200, {
        'X-Kept': 'yes',
        Connection: 'X-Hop',
        'X-Hop': 'no',
        'Keep-Alive': 'timeout=9',
      });
      response.end('hello');
    };
    const text = await raw(
      'GET /path?q=1 HTTP/1.1\r\nHost: example.com\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\nTE: trailers\r\n' +
        'X-Forwarded-For: 10.0.0.1\r\nCookie: a=b\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(text).toContain('X-Kept: yes');
    expect(text).not.toMatch(/x-hop|timeout=9/i);
    expect(seen).toMatchObject({
      host: 'example.com',
      cookie: 'a=b',
      'x-forwarded-for': '10.0.0.1, 127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'example.com',
    });
    expect(seen).not.toHaveProperty('x-mine');
    expect(seen).not.toHaveProperty('te');
  });

  it('a body of unknown length while it is written, in both directions', async () => {
    answerWith = (request, response) => request.pipe(response);
    const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
    const asking = request({ port, method: 'POST', path: '/' }, resolve);
    asking.write('first');
    const answer = await promise;
    const parts = answer[Symbol.asyncIterator]();
    expect(String((await parts.next()).value)).toBe('first');
    asking.write('second');
    expect(String((await parts.next()).value)).toBe('second');
    asking.end();
    expect((await parts.next()).done).toBe(true);
  });

  it('no more of a body than the client reads', async () => {
    let written = 0;
    answerWith = (_request, response) => {
      const piece = Buffer.alloc(64 * 1024);
      const more = () => {
        while (written < 512 * 1024 * 1024 && response.write(piece)) written += piece.length;
        response.once('drain', more);
      };
      more();
    };
    const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
    const asking = request({ port, path: '/' }, resolve).end();
    const answer = await promise;
    answer.pause();
    // Until nothing moves any more: the buffers of four sockets are full.
    let before = -1;
    const isStill = () => {
      const still = written === before;
      before = written;
      return still;
    };
    await expect.poll(isStill, { interval: 200, timeout: 10_000 }).toBe(true);
    expect(written).toBeLessThan(64 * 1024 * 1024);
    asking.destroy();
  });

  it('WebSockets, and counts them as open until they end', async () => {
    const socket = connect(port, '127.0.0.1');
    const next = reader(socket);
    socket.write(
      'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n\r\n',
    );
    expect(await next()).toMatch(/^HTTP\/1.1 101 .*Sec-WebSocket-Accept: .*\r\n\r\n$/s);
    socket.write('ping');
    expect(await next()).toBe('ping');
    expect(steering.state().open).toEqual({ one: 1 });
    socket.destroy();
    await expect.poll(() => steering.state().open).toEqual({});
    expect(serving.counts().outcome).toBe('known');
  });
});

describe('the proxy refuses', () => {
  const head = 'POST / HTTP/1.1\r\nHost: a\r\n';
  it.each([
    ['two lengths', `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`],
    ['the same length twice', `${head}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`],
    ['a list of lengths', `${head}Content-Length: 5, 5\r\n\r\nhello`],
    ['a signed length', `${head}Content-Length: +5\r\n\r\nhello`],
    ['length and encoding', `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['another encoding', `${head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['a hidden encoding', `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ['two encodings', `${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`],
    ['an encoding in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a space before the colon', `${head}Content-Length : 5\r\n\r\nhello`],
    ['a folded header', `${head}X-A: b\r\n Content-Length: 5\r\n\r\nhello`],
    ['bare line feeds', 'POST / HTTP/1.1\nHost: a\nContent-Length: 5\n\nhello'],
    ['a bad chunk', `${head}Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n`],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['a target that is no path', 'GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n'],
    [
      'an upgrade with a body',
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello',
    ],
  ])('%s, and whatever comes behind', async (_name, text) => {
    let whole = 0;
    answerWith = (request, response) => {
      request.resume();
      request.on('end', () => {
        whole++;
        response.end('hello');
      });
    };
    const answer = await raw(`${text}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).not.toContain('hello');
    expect(whole).toBe(0);
  });

  it('headers of more than 16 KiB', async () => {
    expect(await raw(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(17_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431 /,
    );
  });
});

describe('the proxy', () => {
  it('answers others while slow clients hold connections', async () => {
    const slow = Array.from({ length: 200 }, () => {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Le');
      return socket;
    });
    const answers = await Promise.all(Array.from({ length: 20 }, () => raw(GET)));
    for (const socket of slow) socket.destroy();
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1.1 200 /);
  });

  it('asks once for what is not idempotent when the backend hangs up, and again for what is', async () => {
    const methods: string[] = [];
    answerWith = (request) => {
      methods.push(request.method!);
      request.socket.destroy();
    };
    expect(
      await raw('POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi'),
    ).toMatch(/ 502 /);
    expect(methods).toEqual(['POST']);
    expect(await raw(GET)).toMatch(/ 502 /);
    expect(methods.slice(1).every((method) => method === 'GET')).toBe(true);
    expect(serving.counts()).toMatchObject({ versions: { one: { requests: 2, errors: 2 } } });
  });

  it('counts an answer from 500 as an error, and a client that left as none', async () => {
    answerWith = (_request, response) => response.writeHead(500).end();
    await raw(GET);
    expect(serving.counts()).toMatchObject({ versions: { one: { requests: 1, errors: 1, exceed: [0] } } });
    const arrived = Promise.withResolvers<void>();
    answerWith = () => arrived.resolve();
    const socket = connect(port, '127.0.0.1');
    socket.write(GET);
    await arrived.promise;
    socket.destroy();
    await expect
      .poll(() => serving.counts())
      .toMatchObject({ versions: { one: { requests: 2, errors: 1 } } });
  });

  it('gives a visitor a cookie that keeps it, as the weight of the first grows', async () => {
    const { versions } = await traffic();
    const both = (weight: number): Traffic => ({
      versions: [
        { ...versions[0]!, version: 'two', weightPercent: weight },
        { ...versions[0]!, weightPercent: 100 - weight },
      ],
      rules: [],
      stickiness: { by: 'cookie', name: 'place' },
      thresholdsMs: [],
    });
    const lines: RequestLine[] = [];
    serving.sinks.add((line) => lines.push(line));
    steering.setWeights({ token: 1, order: 2 }, both(25));
    const cookies: string[] = [];
    for (let visitor = 0; visitor < 20; visitor++) {
      const answer = await raw(GET);
      cookies.push(/Set-Cookie: (place=\d+);/.exec(answer)![1]!);
    }
    const first = lines.splice(0).map(({ version }) => version);
    expect(first.filter((version) => version === 'two')).toHaveLength(5);
    steering.setWeights({ token: 1, order: 3 }, both(50));
    for (const cookie of cookies) await raw(GET.replace('\r\n\r\n', `\r\nCookie: ${cookie}\r\n\r\n`));
    for (const [visitor, { version }] of lines.entries())
      if (first[visitor] === 'two') expect(version).toBe('two');
  });

  it('hands on a line for each request', async () => {
    const lines: RequestLine[] = [];
    const stop = await openProxyRouter(folder).follow!((line) => lines.push(line));
    await raw(GET);
    await expect
      .poll(() => lines)
      .toMatchObject([{ version: 'one', method: 'GET', path: '/', status: 200, lost: 0 }]);
    stop();
    await expect.poll(() => serving.sinks.size).toBe(0);
  });

  it('lets only its user steer it', () => {
    expect(statSync(join(folder, 'control')).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'traffic.json')).mode & 0o777).toBe(0o600);
  });

  it('sets weights when its file cannot be written, says so, and saves them later', async () => {
    const kept = readFileSync(join(folder, 'traffic.json'), 'utf8');
    rmSync(folder, { recursive: true });
    const reply = steering.setWeights({ token: 2, order: 1 }, await traffic());
    expect(reply).toMatchObject({ outcome: 'done', warning: expect.stringContaining('ENOENT') });
    expect(steering.state().fence).toEqual({ token: 2, order: 1 });
    mkdirSync(folder);
    await expect
      .poll(() => statSync(join(folder, 'traffic.json'), { throwIfNoEntry: false })?.size, { timeout: 5000 })
      .toBe(kept.length);
  });

  it('keeps what it has when its file is older or damaged', async () => {
    const file = join(folder, 'traffic.json');
    const older = readFileSync(file, 'utf8');
    steering.setWeights({ token: 3, order: 1 }, await traffic());
    writeFileSync(file, older);
    steering.reload();
    expect(steering.state().fence).toEqual({ token: 3, order: 1 });
    for (const text of [
      '',
      '{',
      'null',
      '[]',
      '{"format":1}',
      older.slice(0, -9),
      older.replace('100', '90'),
    ]) {
      writeFileSync(file, text);
      expect(() => steering.reload()).toThrow(/traffic.json is damaged .*; remove it/);
      expect(() => new Steering(new Serving(), file, { host: '', port: 1 })).toThrow(/is damaged/);
    }
    expect(steering.state().fence).toEqual({ token: 3, order: 1 });
  });

  it('says what it does not understand, and stays', async () => {
    const ask = (line: string) => raw(`${line}\n`, join(folder, 'control'));
    expect(await ask('no json')).toContain('refused');
    expect(await ask('{"do":"nothing"}')).toContain('does not know');
    expect(await ask('{"do":"set-weights","fence":{"token":9,"order":1},"traffic":{}}')).toContain('refused');
    expect(await ask('{"do":"set-weights","fence":{"token":"9"},"traffic":null}')).toContain('refused');
    expect((await openProxyRouter(folder).state()).outcome).toBe('known');
    expect(steering.state().fence).toEqual({ token: 1, order: 1 });
  });

  it('is unknown when it does not run', async () => {
    const router = openProxyRouter(join(folder, 'nobody'));
    expect(await router.state()).toEqual({ outcome: 'unknown', reason: 'the proxy does not run' });
    expect((await router.observe()).outcome).toBe('unknown');
  });
});

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

async function traffic(): Promise<Traffic> {
  const address = backend.listening ? (backend.address() as AddressInfo).port : await listening(backend);
  const backends = [{ host: '127.0.0.1', port: address }];
  return {
    versions: [{ version: 'one', weightPercent: 100, backends, standby: false }],
    rules: [],
    stickiness: null,
    thresholdsMs: [10_000],
  };
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** Writes the bytes and returns all that comes until the other side closes. */
function raw(text: string, path?: string): Promise<string> {
  const socket = path === undefined ? connect(port, '127.0.0.1') : connect(path);
  let answer = '';
  return new Promise((resolve) => {
    socket.setEncoding('utf8');
    socket.on('data', (part) => {
      answer += part;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
    socket.write(text);
  });
}

/** Returns what arrived since the last call, waiting for something. */
function reader(socket: ReturnType<typeof connect>): () => Promise<string> {
  socket.setEncoding('utf8');
  const parts = socket[Symbol.asyncIterator]();
  return async () => String((await parts.next()).value);
}
