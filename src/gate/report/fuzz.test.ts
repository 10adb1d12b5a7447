import { describe, expect, it } from 'vitest';
import { readBytes, reportFixtures } from '../../../test/support/reports.ts';

/*
 * Mutated reports of every kind: whatever the bytes are, reading gives figures or a `ReportError` in time; `readBytes` throws
 * anything else. The seed is printed with each failure; SLUICE_SEED repeats one.
 */
const SEED = Number(process.env.SLUICE_SEED ?? 20_261_121);
const IS_SOAK = process.env.SLUICE_SOAK === '1';
/** The kinds that most gates read. */
const FIRST_RANK = new Set(
  'junit lcov cobertura jacoco istanbul istanbul-summary sarif npm-audit trivy gitleaks cyclonedx stryker k6 metrics'.split(
    ' ',
  ),
);
const LIMIT_MS = 2000;

const FIXTURES = Map.groupBy(reportFixtures(), ({ kind }) => kind);

describe('fuzz of report parsers', () => {
  it.each([...FIXTURES.keys()].map((kind) => ({ kind, cases: casesOf(kind) })))(
    '$kind: mutated reports are figures or an error with its cause',
    async ({ kind, cases }) => {
      const samples = FIXTURES.get(kind)!.map(({ bytes }) => bytes);
      const random = generator(SEED);
      for (let index = 0; index < cases; index++) {
        let bytes = samples[random(samples.length)]!;
        for (let rounds = 1 + random(4); rounds > 0; rounds--) bytes = mutated(bytes, samples, random);
        const label = `seed ${SEED}, ${kind} number ${index}`;
        const startedMs = performance.now();
        const { figures, error } = await readBytes('report', bytes, kind, 1 + random(4096)).catch((cause) => {
          throw new Error(`${label}: ${Buffer.from(bytes).toString('latin1').slice(0, 2000)}`, { cause });
        });
        expect(performance.now() - startedMs, label).toBeLessThan(LIMIT_MS);
        if (error) {
          expect(error.message, label).not.toMatch(/undefined|\[object|^\s*$|\n\s+at /);
          expect(error.line !== null || error.pointer !== null || error.code === 'report-empty', label).toBe(
            true,
          );
        } else expect(JSON.stringify(figures), label).not.toMatch(/NaN|Infinity|undefined/);
      }
    },
    casesOf('junit') * 60,
  );
});

function casesOf(kind: string): number {
  if (IS_SOAK) return 100_000;
  return FIRST_RANK.has(kind) ? 2000 : 300;
}

type Random = (below: number) => number;
type Bytes = Uint8Array;

const PIECES = [
  '<',
  '>',
  '&',
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\n',
  '\u0000',
  '-1',
  'NaN',
  '1e999',
  'null',
  '<!--',
  ']]>',
  '\u001b[2J',
  '__proto__',
];

/** Cuts, flips, inserts, doubles, moves or joins. */
function mutated(bytes: Bytes, samples: readonly Bytes[], random: Random): Bytes {
  const at = random(bytes.length + 1);
  const to = Math.min(bytes.length, at + 1 + random(200));
  switch (random(7)) {
    case 0:
      return bytes.slice(0, at);
    case 1: {
      const copy = bytes.slice();
      if (copy.length > 0) copy[at % copy.length] = copy[at % copy.length]! ^ (1 << random(8));
      return copy;
    }
    case 2:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(PIECES[random(PIECES.length)]!),
        bytes.subarray(at),
      ]);
    case 3:
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
    case 5: {
      const digits = Buffer.from(bytes)
        .toString('latin1')
        .replace(/\d+/g, (number) => (random(9) > 0 ? number : PIECES[13 + random(4)]!));
      return Buffer.from(digits, 'latin1');
    }
    default: {
      const other = samples[random(samples.length)]!;
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random(other.length + 1))]);
    }
  }
}

function generator(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
