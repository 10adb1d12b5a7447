/**
 * The built-in proxy beside HAProxy, before the same static backend of 100 bytes: `node bench/proxy.ts [rounds] [seconds]`. 32 keep-alive
 * connections; two versions at 90 and 10 %; counters and log on at both. The three ways (straight, HAProxy, proxy) take turns; told are
 * medians: requests a second as a ratio to HAProxy, the p99 at half of the proxy's own load and what it adds to going straight,
 * and memory. The backend is an HAProxy too. Needs HAProxy (apt-get install haproxy).
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openProxyRouter } from '../src/delivery/router/proxy/proxy-router.ts';
import { median } from './support/measure.ts';

const CONNECTIONS = 32;
const REQUEST = 'GET / HTTP/1.1\r\nHost: bench\r\n\r\n';
const rounds = Number(process.argv[2] ?? 3);
const seconds = Number(process.argv[3] ?? 3);
const BODY = 'x'.repeat(100);

if (spawnSync('haproxy', ['-v']).error) {
  console.log('skipped: haproxy is missing: apt-get install haproxy');
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
const children: ChildProcess[] = [];
try {
  await compare();
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
}

async function compare(): Promise<void> {
  const [straight, through, own] = [await freePort(), await freePort(), await freePort()];
  startHaproxy(
    'backend',
    `frontend f\n bind 127.0.0.1:${straight}\n http-request return status 200 content-type text/plain string ${BODY}`,
  );
  const haproxy = startHaproxy(
    'haproxy',
    `frontend f\n bind 127.0.0.1:${through}\n log 127.0.0.1:9 local0\n option httplog\n option forwardfor\n default_backend b\n` +
      `backend b\n balance roundrobin\n server two 127.0.0.1:${straight} weight 26\n server one 127.0.0.1:${straight} weight 230`,
  );
  const home = join(folder, 'proxy');
  const program = fileURLToPath(new URL('../test/contract/router-proxy-process.ts', import.meta.url));
  const proxy = start(process.execPath, [program, 'serve', home, '127.0.0.1', `${own}`]);
  const router = openProxyRouter(home);
  for (let time = 0; (await router.state()).outcome === 'unknown' && time < 200; time++) await wait(50);
  const backends = [{ host: '127.0.0.1', port: straight }];
  await router.setWeights(
    { token: 1, order: 1 },
    {
      versions: [
        { version: 'two', weightPercent: 10, backends, standby: false },
        { version: 'one', weightPercent: 90, backends, standby: true },
      ],
      rules: [],
      stickiness: null,
      thresholdsMs: [1, 5, 10, 50],
    },
  );
  const reader = `const s = require('net').connect(process.argv[1]); s.write('{"do":"follow"}\\n'); s.resume()`;
  start(process.execPath, ['-e', reader, join(home, 'control')]);
  const ways = { straight, haproxy: through, proxy: own };
  const rates: Record<string, number[]> = { straight: [], haproxy: [], proxy: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const [way, port] of Object.entries(ways)) {
      const { answered } = await load(port, Number.POSITIVE_INFINITY);
      // The first round warms everything up.
      if (round > 0) rates[way]!.push(answered / seconds);
    }
  }
  const half = median(rates.proxy!) / 2;
  const tails: Record<string, number[]> = { straight: [], haproxy: [], proxy: [] };
  for (let round = 0; round < rounds; round++)
    for (const [way, port] of Object.entries(ways))
      tails[way]!.push(quantile((await load(port, half)).latencies, 0.99));
  const base = median(rates.haproxy!);
  const baseTail = median(tails.straight!);
  console.log(`medians of ${rounds} rounds of ${seconds} s; half load is ${half.toFixed(0)} requests/s\n`);
  for (const way of Object.keys(ways)) {
    const rate = median(rates[way]!);
    const tail = median(tails[way]!);
    console.log(
      `${way.padEnd(10)}${rate.toFixed(0).padStart(8)} requests/s ${(rate / base).toFixed(2).padStart(6)}x` +
        `   p99 at half load ${tail.toFixed(2).padStart(7)} ms (${(tail - baseTail).toFixed(2)} added)`,
    );
  }
  console.log(`\nmemory: proxy ${memoryMib(proxy)} MiB, HAProxy ${memoryMib(haproxy)} MiB`);
}

/** Asks for `seconds`, at most `rate` requests a second; a latency counts from when the request was due. */
async function load(
  port: number,
  rate: number,
): Promise<{ readonly answered: number; readonly latencies: number[] }> {
  const latencies: number[] = [];
  const idle: { socket: Socket; dueAtMs: number; got: string }[] = [];
  const startedAtMs = performance.now();
  const endsAtMs = startedAtMs + seconds * 1000;
  let sent = 0;
  const send = (client: (typeof idle)[number]) => {
    client.dueAtMs =
      rate === Number.POSITIVE_INFINITY ? performance.now() : startedAtMs + (sent / rate) * 1000;
    sent++;
    client.socket.write(REQUEST);
  };
  const due = () => performance.now() < endsAtMs && sent < ((performance.now() - startedAtMs) / 1000) * rate;
  const clients = Array.from({ length: CONNECTIONS }, () => {
    const client = { socket: connect(port, '127.0.0.1').setNoDelay(), dueAtMs: 0, got: '' };
    client.socket.setEncoding('latin1').on('data', (text: string) => {
      client.got += text;
      if (!client.got.endsWith(BODY)) return;
      if (!client.got.startsWith('HTTP/1.1 200')) throw new Error(client.got);
      client.got = '';
      latencies.push(performance.now() - client.dueAtMs);
      if (due()) send(client);
      else idle.push(client);
    });
    idle.push(client);
    return client;
  });
  while (performance.now() < endsAtMs) {
    while (idle.length > 0 && due()) send(idle.pop()!);
    await wait(1);
  }
  for (const { socket } of clients) socket.destroy();
  return { answered: latencies.length, latencies };
}

function startHaproxy(name: string, text: string): ChildProcess {
  const file = join(folder, `${name}.cfg`);
  const limits = 'timeout client 30s\n timeout server 30s\n timeout connect 2s';
  writeFileSync(file, `global\n nbthread 2\ndefaults\n mode http\n ${limits}\n${text}\n`);
  return start('haproxy', ['-db', '-f', file]);
}

function start(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  children.push(child);
  return child;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function memoryMib({ pid }: ChildProcess): string {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024).toFixed(0);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}
