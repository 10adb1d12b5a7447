import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { load } from '../../../test/support/workflow.ts';

/*
 * Mutated workflows: whatever stands in a file, loading answers in time with a plan or with located problems. The seed is
 * printed with each failure; SLUICE_FUZZ_SEED repeats one.
 */
const SEED = Number(process.env.SLUICE_FUZZ_SEED ?? 20_261_121);
const FILES = 2000 * (process.env.SLUICE_SOAK === '1' ? 20 : 1);
/** Most take a millisecond; the rest is for a slow and busy machine. */
const LIMIT_MS = 1000;

const folder = fileURLToPath(new URL('../../../test/fixtures/github', import.meta.url));
const SAMPLES = globSync('*.yml', { cwd: folder })
  .sort()
  .map((file) => readFileSync(`${folder}/${file}`, 'utf8'));
const PIECES = [
  ...[
    '${{',
    '}}',
    "'",
    '"',
    ':',
    ' - ',
    '\n',
    '\t',
    '[',
    ']',
    '{',
    '}',
    '&a ',
    '*a',
    '<<: *a',
    '|',
    '>-',
    '#',
    '!!x',
  ],
  ...[
    'null',
    'true',
    '0x1F',
    '.nan',
    '1e999',
    '~',
    '\u0000',
    '\ufeff',
    '𝒳',
    'é',
    '__proto__',
    'constructor',
    'on',
  ],
  ...[
    'jobs',
    'steps',
    'matrix',
    'uses',
    'if',
    'fromJSON(',
    'format(',
    'github.event.*',
    '((((',
    '&&',
    'secrets[',
    '%',
  ],
];

function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function mutated(text: string, random: (below: number) => number): string {
  let result = text;
  for (let count = 1 + random(4); count > 0; count--) {
    const at = random(result.length + 1);
    const length = random(12);
    switch (random(5)) {
      case 0:
        result = result.slice(0, at) + result.slice(at + length);
        break;
      case 1:
        result = result.slice(0, at) + PIECES[random(PIECES.length)] + result.slice(at);
        break;
      case 2:
        result = result.slice(0, at) + result.slice(at, at + length) + result.slice(at);
        break;
      case 3: {
        const lines = result.split('\n');
        const [line] = lines.splice(random(lines.length), 1);
        lines.splice(random(lines.length + 1), 0, line ?? '');
        result = lines.join('\n');
        break;
      }
      default: {
        const other = SAMPLES[random(SAMPLES.length)]!.split('\n');
        const lines = result.split('\n');
        lines.splice(random(lines.length), random(3), ...other.slice(random(other.length)).slice(0, 3));
        result = lines.join('\n');
      }
    }
  }
  return result;
}

describe('a mutated workflow', () => {
  it(`is a plan or has located problems (seed ${SEED}, ${FILES} files)`, { timeout: 120_000 }, () => {
    const random = randomOf(SEED);
    let plans = 0;
    for (let index = 0; index < FILES; index++) {
      const text = mutated(SAMPLES[random(SAMPLES.length)]!, random);
      const hint = `file ${index} of seed ${SEED}:\n${text}`;
      const startedMs = performance.now();
      const checked = load(text);
      expect(performance.now() - startedMs, hint).toBeLessThan(LIMIT_MS);
      if (checked.ok) plans++;
      else
        expect(
          checked.diagnostics.some((one) => one.severity === 'error'),
          hint,
        ).toBe(true);
      const lines = text.split('\n');
      for (const { place, code, message } of checked.diagnostics) {
        expect(`${code} ${message}`, hint).not.toMatch(/internal|undefined|is not a function|Cannot read/);
        if (!place && code === 'too-many-problems') continue;
        expect(place!.start.line, hint).toBeLessThanOrEqual(lines.length);
        expect(place!.start.line, hint).toBeGreaterThanOrEqual(1);
      }
    }
    // Mutations are small, so that a good part stays right.
    expect(plans).toBeGreaterThan(FILES / 10);
  });
});

const SIZE = 200_000;

/** `head`, then as many pieces as fit into the size, then `tail`. */
function filled(head: string, piece: (index: number) => string, tail = ''): string {
  const parts = [head];
  for (let length = head.length, index = 0; length < SIZE; index++) {
    parts.push(piece(index));
    length += parts.at(-1)!.length;
  }
  return parts.join('') + tail;
}

describe('a large hostile workflow', () => {
  // Quadratic work on these would take minutes.
  it.each<[string, string]>([
    [
      'of broken expressions in one text',
      filled('on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: "', () => '${{ x.y }} ', '"\n'),
    ],
    [
      'of expressions that calculate',
      filled('on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n', () => `      - run: "\${{ a - b }}"\n`),
    ],
    ['of unknown keys', filled('on: push\n', (index) => `key${index}: a\n`)],
    [
      'of missing needs',
      filled(
        'on: push\njobs:\n',
        (index) => `  j${index}: {runs-on: x, needs: no${index}, steps: [{run: y}]}\n`,
      ),
    ],
    [
      'of unknown steps',
      filled(
        'on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: "',
        (index) => `\${{ steps.s${index}.outcome }} `,
        '"\n',
      ),
    ],
    [
      'of event text',
      filled(
        'on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: "',
        () => '${{ github.event.a.title }} ',
        '"\n',
      ),
    ],
    ['of brackets', `on: push\njobs: ${'['.repeat(50_000)}`],
    [
      'of aliases of aliases',
      `on: push\nx0: &x0 [a, a, a, a, a, a, a, a, a]\n${Array.from({ length: 12 }, (_, i) => `x${i + 1}: &x${i + 1} [${Array(9).fill(`*x${i}`).join(', ')}]\n`).join('')}jobs: {}\n`,
    ],
  ])('%s is judged in time', (_name, text) => {
    const startedMs = performance.now();
    const checked = load(text);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    expect(checked.diagnostics.length).toBeLessThanOrEqual(201);
  });
});
