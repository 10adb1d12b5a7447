import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { createRedaction } from '../mask/redaction.ts';
import { countNewlines } from './newlines.ts';
import { StepOutput } from './output.ts';
import { indexFile, logFile, safeName, stepKey } from './paths.ts';
import { PatternWatch } from './pattern.ts';
import { type LogLine, type ReadLogOptions, readLog, readLogTail } from './reader.ts';
import { LINE_BYTES_MAX, LogWriter } from './writer.ts';

let folder: string;
let file: string;
let clock: VirtualClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-log-'));
  file = join(folder, 'a', 'step.1.log');
  clock = new VirtualClock();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const writer = (bytesMax = 1e9) => new LogWriter(file, clock, bytesMax);
const text = () => readFileSync(file, 'utf8');

async function read(options?: ReadLogOptions): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for await (const line of readLog(file, options)) lines.push(line);
  return lines;
}

describe('countNewlines', () => {
  it('agrees with the obvious way at any alignment and for all bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.nat(7), fc.nat(20), (bytes, from, every) => {
        for (let i = 0; every > 0 && i < bytes.length; i += every) bytes[i] = 10;
        const part = bytes.subarray(Math.min(from, bytes.length));
        expect(countNewlines(part)).toBe(part.filter((byte) => byte === 10).length);
      }),
    );
  });

  it('does not overflow where every byte is a newline', () => {
    expect(countNewlines(new Uint8Array(100_003).fill(10))).toBe(100_003);
  });
});

describe('LogWriter', () => {
  it('writes exactly the bytes it is given, and counts them', () => {
    const log = writer();
    log.append(Buffer.from('one\ntw'));
    log.append(Buffer.from('o\n\0\xff last', 'latin1'));
    log.close();
    expect(readFileSync(file)).toEqual(Buffer.from('one\ntwo\n\0\xff last', 'latin1'));
    expect(log.size).toEqual({ bytes: 15, lines: 3 });
  });

  it('makes no file without a byte', () => {
    writer().close();
    expect(() => statSync(file)).toThrow('ENOENT');
  });

  it('cuts a line without an end at 64 KiB, with a marker', () => {
    const log = writer();
    for (let i = 0; i < 5; i++) log.append(Buffer.alloc(40_000, 'x'));
    log.append(Buffer.from('\nnext\n'));
    log.close();
    const lines = text().split('\n');
    expect(lines.map((line) => line.replace(/^x+/, ''))).toEqual([
      ' [sluice: line of more than 64 KiB, continued]',
      ' [sluice: line of more than 64 KiB, continued]',
      ' [sluice: line of more than 64 KiB, continued]',
      '',
      'next',
      '',
    ]);
    expect(text().replaceAll(/[^x]/g, '').length).toBeGreaterThanOrEqual(200_000);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(LINE_BYTES_MAX + 100);
    expect(log.size.lines).toBe(5);
  });

  it('ends at its cap with a marker, whatever comes after', () => {
    const log = writer(1000);
    for (let i = 0; i < 100; i++) log.append(Buffer.from(`${'y'.repeat(98)}\n`));
    log.close();
    expect(text()).toContain('[sluice: the log ends here: more than 1000 bytes]');
    expect(statSync(file).size).toBeLessThan(1100);
    expect(log.size.bytes).toBe(statSync(file).size);
  });

  it('tells when the disk refuses, and goes on without a log', () => {
    appendFileSync(join(folder, 'a'), 'a file where a folder should be');
    const log = writer();
    log.append(Buffer.from('x\n'));
    log.append(Buffer.from('y\n'));
    log.close();
    expect(log.problem).toContain('the log is incomplete');
  });

  it('goes on behind what an earlier owner wrote', () => {
    const first = writer();
    first.append(Buffer.from('one\ntwo'));
    first.close();
    const second = writer();
    second.resume();
    second.appendMarker('restarted');
    second.append(Buffer.from('three\n'));
    second.close();
    expect(text()).toBe('one\ntwo\n[sluice: restarted]\nthree\n');
    expect(second.size).toEqual({ bytes: text().length, lines: 4 });
  });
});

describe('StepOutput', () => {
  it('keeps a secret whole when the step ends in its middle and a background process goes on', () => {
    const output = new StepOutput(writer(), createRedaction(['Zk39-tokenvalue']).masker(), null);
    output.write(Buffer.from('a Zk39-to'));
    output.end();
    output.write(Buffer.from('kenvalue\nlater\n'));
    output.end();
    expect(text()).toBe('a Zk39-tolater\n');
  });

  it('drops the beginning after a restart up to a newline, also over several chunks', () => {
    const output = new StepOutput(writer(), createRedaction([]).masker(), null);
    output.dropToNewline('restarted');
    for (const chunk of ['half', ' of it', '\nwhole\n']) output.write(Buffer.from(chunk));
    output.end();
    expect(text()).toBe('[sluice: restarted]\nwhole\n');
  });
});

describe('readLog', () => {
  it('gives each line its number, its time of arrival and its text', async () => {
    const log = writer();
    const start = clock.now();
    log.append(Buffer.from('one\ntw'));
    clock.advance(50);
    log.append(Buffer.from('o\nthree\r\n'));
    clock.advance(500);
    log.append(Buffer.from('fo\xffur', 'latin1'));
    log.close();
    expect(await read()).toEqual([
      { line: 1, atMs: start, text: 'one' },
      { line: 2, atMs: start, text: 'two' },
      { line: 3, atMs: start + 50, text: 'three' },
      { line: 4, atMs: start + 550, text: 'fo\ufffdur' },
    ]);
  });

  it('begins at any line and gives any number of last lines', async () => {
    const log = writer();
    for (let i = 1; i <= 5000; i++) {
      log.append(Buffer.from(i % 7 === 0 ? `part ` : `line ${i}\n`));
      clock.advance(i % 3);
    }
    log.append(Buffer.from('the end'));
    log.close();
    const all = await read();
    expect(all).toHaveLength(log.size.lines);
    for (const fromLine of [1, 2, 1000, 2999, all.length, all.length + 1]) {
      expect(await read({ fromLine })).toEqual(all.slice(fromLine - 1));
    }
    for (const tail of [1, 10, 3000, 99_999]) expect(await read({ tail })).toEqual(all.slice(-tail));
  });

  it('follows a log that is not there yet, until the step is over', async () => {
    const over = new AbortController();
    const lines: string[] = [];
    const log = writer();
    const reading = (async () => {
      for await (const { text: line } of readLog(file, { follow: over.signal })) {
        lines.push(line);
        if (line === 'one') {
          log.append(Buffer.from('two\nunfinished'));
          log.close();
          over.abort();
        }
      }
    })();
    log.append(Buffer.from('one\n'));
    await reading;
    expect(lines).toEqual(['one', 'two', 'unfinished']);
  });

  it('has no lines for a log that does not exist', async () => {
    expect(await read()).toEqual([]);
  });

  it('does without the index, or with a part of it', async () => {
    const log = writer();
    log.append(Buffer.from('one\ntwo\n'));
    log.close();
    truncateSync(indexFile(file), 10);
    expect((await read()).map((line) => line.text)).toEqual(['one', 'two']);
    rmSync(indexFile(file));
    expect((await read({ tail: 1 })).map((line) => [line.line, line.text])).toEqual([[2, 'two']]);
  });
});

describe('readLogTail', () => {
  it('gives the last lines that say something', () => {
    const log = writer();
    log.append(Buffer.from('a\n\n  \n10%\r50%\r100%\nagain\nagain\nb\r\n'));
    log.close();
    expect(readLogTail(file, 3)).toEqual(['100%', 'again', 'b']);
    expect(readLogTail(join(folder, 'none.log'), 3)).toEqual([]);
  });
});

describe('PatternWatch', () => {
  const seen = (patterns: string[], chunks: string[]) => {
    const watch = new PatternWatch(patterns);
    for (const chunk of chunks) watch.look(Buffer.from(chunk));
    watch.end();
    return [...watch.seen];
  };

  it('finds texts with wildcards within a line', () => {
    expect(seen(['conn* refused', 'no*such'], ['connection was', ' refused\nno\nsuch\n'])).toEqual([
      'conn* refused',
    ]);
    expect(seen(['*late*'], ['too late'])).toEqual(['*late*']);
    expect(seen(['b*a'], ['a b\n', 'b a\n'])).toEqual(['b*a']);
  });

  it('is not made slow by a pattern or a line', () => {
    const started = performance.now();
    seen(
      ['*a*a*a*a*a*a*a*a*a*b'],
      Array.from({ length: 200 }, () => 'a'.repeat(10_000)),
    );
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('log paths', () => {
  it('keeps plain names and makes any other safe and different', () => {
    expect(logFile('/data', 'r1', 'build', 2, stepKey('step-1', 3))).toBe(
      '/data/logs/r1/build.2/step-1.3.log',
    );
    const hostile = [
      '../../x',
      'a/b',
      '',
      '.',
      '..',
      'A',
      'a b',
      'test (node: 20)',
      'x'.repeat(300),
      '漢',
      '\0',
      '-rf',
    ];
    const names = hostile.map(safeName);
    expect(new Set(names).size).toBe(hostile.length);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,60}$/);
    expect(safeName('a--0123456789')).not.toBe('a--0123456789');
  });
});
