/*
 * node bench/report.ts: reports of tests, coverage and findings beside the least that any reader must do with such bytes: saxes
 * with an empty handler, splitting into lines, and JSON.parse of the whole text. In turns and in one process, in CPU time,
 * since other work on the machine must not count. The goal is twice the floor. Then a file of 100 MB of each: the memory that
 * reading adds and the longest time that the event loop was held.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { SaxesParser } from 'saxes';
import { doubtsOnly } from '../src/gate/facts/doubts-only.ts';
import { parserOf } from '../src/gate/report/choose.ts';
import { readReport } from '../src/gate/report/read-report.ts';
import { line, median } from './support/measure.ts';

const ROUNDS = 7;
const CHUNK_BYTES = 65_536;
const LARGE_BYTES = 100_000_000;

interface Contest {
  readonly name: string;
  readonly kind: string;
  readonly floorName: string;
  readonly begin: string;
  item(index: number): string;
  readonly end: string;
  readonly count: number;
  floor(bytes: Uint8Array): void;
}

const CONTESTS: readonly Contest[] = [
  {
    name: 'JUnit, 100,000 cases',
    kind: 'junit',
    floorName: 'saxes',
    begin: '<?xml version="1.0"?>\n<testsuites>\n<testsuite name="cart">\n',
    item: junitCase,
    end: '</testsuite>\n</testsuites>\n',
    count: 100_000,
    floor: bareSaxes,
  },
  {
    name: 'lcov, 1,000,000 lines',
    kind: 'lcov',
    floorName: 'split',
    begin: '',
    item: lcovRecord,
    end: '',
    count: 2500,
    floor: (bytes) => void new TextDecoder().decode(bytes).split('\n').length,
  },
  {
    name: 'SARIF, 100,000 results',
    kind: 'sarif',
    floorName: 'JSON.parse',
    begin: '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"ESLint","rules":[]}},"results":[\n',
    item: sarifResult,
    end: ']}]}',
    count: 100_000,
    floor: (bytes) => void JSON.parse(new TextDecoder().decode(bytes)),
  },
];

for (const contest of CONTESTS) await compareWithFloor(contest);
for (const contest of CONTESTS) await readLarge(contest);

async function compareWithFloor(contest: Contest): Promise<void> {
  const bytes = new TextEncoder().encode([...textOf(contest, contest.count)].join(''));
  const times: { ours: number[]; floor: number[] } = { ours: [], floor: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    const ours = await cpuMs(() => read(contest.kind, chunksOf(bytes)));
    const floor = await cpuMs(async () => contest.floor(bytes));
    if (round === 0) continue;
    times.ours.push(ours);
    times.floor.push(floor);
  }
  const [ours, floor] = [median(times.ours), median(times.floor)];
  const rate = (ms: number): string => `${(bytes.length / 1000 / ms).toFixed(0)} MB/s`;
  line(contest.name, ours / floor, '<= 2x', `${rate(ours)}, ${contest.floorName} ${rate(floor)}`);
}

async function readLarge(contest: Contest): Promise<void> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let most = before;
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  let bytes = 0;
  await read(
    contest.kind,
    (async function* () {
      let text = '';
      for (const piece of textOf(contest, Number.POSITIVE_INFINITY)) {
        text += piece;
        if (text.length < CHUNK_BYTES) continue;
        const chunk = new TextEncoder().encode(text);
        text = '';
        bytes += chunk.length;
        yield chunk;
        most = Math.max(most, process.memoryUsage.rss());
        await setImmediate();
        if (bytes >= LARGE_BYTES) break;
      }
      yield new TextEncoder().encode(text + contest.end);
    })(),
  );
  delay.disable();
  const added = (most - before) / 2 ** 20;
  console.log(
    `${`${contest.kind}, ${Math.round(bytes / 1e6)} MB`.padEnd(44)} adds ${added.toFixed(0)} MiB (goal < 200), holds the loop at most ${(delay.max / 1e6).toFixed(0)} ms (goal < 200)`,
  );
}

function* textOf(contest: Contest, count: number): Generator<string> {
  yield contest.begin;
  for (let index = 0; index < count; index++) yield contest.item(index);
  yield contest.end;
}

async function read(kind: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  await readReport('report', chunks, parserOf(kind), doubtsOnly(ignore));
}

function ignore(): void {}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}

async function cpuMs(work: () => Promise<void>): Promise<number> {
  const started = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1000;
}

function bareSaxes(bytes: Uint8Array): void {
  const parser = new SaxesParser();
  parser.on('opentag', ignore);
  const decoder = new TextDecoder();
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    parser.write(decoder.decode(bytes.subarray(at, at + CHUNK_BYTES), { stream: true }));
  }
  parser.close();
}

function junitCase(index: number): string {
  const head = `  <testcase classname="shop.cart.Module${index % 977}" name="adds article number ${index} to the cart" time="0.${index % 1000}"`;
  if (index % 50 > 0) return `${head}/>\n`;
  return `${head}>\n    <failure message="expected ${index}" type="AssertionError">AssertionError: expected ${index}\n    at cart.test.ts:${index % 300}:12</failure>\n  </testcase>\n`;
}

function lcovRecord(index: number): string {
  const lines = Array.from({ length: 400 }, (_, at) => `DA:${at + 1},${(at * 7) % 23}`);
  return `TN:\nSF:src/module${index}.ts\n${lines.join('\n')}\nLF:400\nLH:400\nend_of_record\n`;
}

function sarifResult(index: number): string {
  const region = { startLine: (index % 500) + 1, startColumn: 7, endLine: (index % 500) + 1, endColumn: 12 };
  const artifactLocation = { uri: `file:///home/ada/shop/src/module${index % 977}.ts`, index: index % 977 };
  const result = {
    ruleId: `rule-${index % 97}`,
    level: ['error', 'warning', 'note'][index % 3],
    message: { text: `'value${index}' is assigned a value but never used.` },
    locations: [{ physicalLocation: { artifactLocation, region } }],
  };
  return `${index > 0 ? ',' : ''}${JSON.stringify(result, null, 2)}\n`;
}
