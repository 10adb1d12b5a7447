// Sends requests to the service at a steady rate, as its users would, and tells how many failed.
//   node load.ts URL [--rate REQUESTS_PER_SECOND] [--seconds SECONDS] [--progress FILE]
// It ends by itself after --seconds (at most ten minutes), or at SIGTERM, with one line of JSON.
import { renameSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const SECONDS_MAX = 600;
const RATE_MAX = 2000;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rate: { type: 'string', default: '60' },
    seconds: { type: 'string', default: '60' },
    progress: { type: 'string' },
  },
});
const url = URL.parse(positionals[0] ?? '');
const rate = Math.min(RATE_MAX, Number(values.rate));
const seconds = Math.min(SECONDS_MAX, Number(values.seconds));
if (!url || !(rate > 0) || !(seconds > 0)) {
  console.error('node load.ts URL [--rate REQUESTS_PER_SECOND] [--seconds SECONDS] [--progress FILE]');
  process.exit(2);
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const tally = { sent: 0, answered: 0, failed: 0, byStatus: {} as Record<string, number> };
const open = new Set<Promise<void>>();
let isOver = false;
process.once('SIGTERM', () => {
  isOver = true;
});
process.once('SIGINT', () => {
  isOver = true;
});

const startedAtMs = performance.now();
let toldAtMs = startedAtMs;
while (!isOver && performance.now() - startedAtMs < seconds * 1000) {
  const now = performance.now();
  const due = Math.floor(((now - startedAtMs) / 1000) * rate);
  while (tally.sent < due) {
    const one = send(tally.sent++).finally(() => open.delete(one));
    open.add(one);
  }
  if (now - toldAtMs >= 250) {
    toldAtMs = now;
    tell();
  }
  await wait(10);
}
await Promise.all(open);
agent.destroy();
tell();
console.log(JSON.stringify(tally));

/** One request in four shortens an address; the others ask for a link. */
function send(index: number): Promise<void> {
  const isPost = index % 4 === 0;
  const body = isPost ? JSON.stringify({ url: `https://example.org/${index % 100}` }) : undefined;
  return new Promise((resolve) => {
    const end = (status: string, isFailure: boolean) => {
      tally.answered++;
      tally.byStatus[status] = (tally.byStatus[status] ?? 0) + 1;
      if (isFailure) tally.failed++;
      resolve();
    };
    const asked = request(new URL(isPost ? '/links' : '/links/3', url!), {
      agent,
      method: isPost ? 'POST' : 'GET',
      timeout: 10_000,
      headers: body === undefined ? {} : { 'content-length': Buffer.byteLength(body) },
    });
    asked.on('timeout', () => asked.destroy(new Error('timeout')));
    asked.on('error', ({ message }: NodeJS.ErrnoException) => end(message, true));
    asked.on('response', (response) => {
      response.resume();
      response.on('error', () => {});
      response.on('close', () => {
        const status = response.statusCode ?? 0;
        const isWhole = response.complete;
        end(isWhole ? `${status}` : 'cut off', !isWhole || status >= 500);
      });
    });
    asked.end(body);
  });
}

function tell(): void {
  if (!values.progress) return;
  // Whoever looks sees a whole one.
  writeFileSync(`${values.progress}.new`, JSON.stringify(tally));
  renameSync(`${values.progress}.new`, values.progress);
}
