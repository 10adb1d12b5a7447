import { describe, expect, it } from 'vitest';
import { load } from './load.fixture.ts';

/*
 * Generated and mutated pipeline files: whatever stands in a file, loading answers in time with a plan or with located
 * problems. The seed is printed with each failure; SLUICE_FUZZ_SEED repeats one.
 */
const SEED = Number(process.env.SLUICE_FUZZ_SEED ?? 20_260_214);
const FILES = 10_000 * (process.env.SLUICE_SOAK === '1' ? 20 : 1);
const LIMIT_MS = 200;

const SAMPLES = [
  `name: main-build
trigger:
  branches: [main, "release/*"]
  events: [push, pull_request]
  schedule: "0 3 * * 1-5"
stages:
  - name: build
    jobs:
      - name: build-python
        language: python
        commands:
          - uv sync
          - uv run pytest
  - name: deploy
    depends_on: [build]
    environment: staging
    strategy: {type: canary, weights: [5, 25, 100]}
`,
  `variables: &v {LEVEL: info, COUNT: 3}
templates:
  base: {shell: bash, retry: {max: 2, delay: 5s, on: [lost, {exit_code: [75, 137]}]}}
secrets: [TOKEN]
jobs:
  test:
    extends: base
    matrix: {node: [22, 24], os: [linux, mac], exclude: [{node: 22, os: mac}], fail-fast: false}
    env: {<<: *v, OTHER: "\${{ matrix.node }}"}
    secrets: {NPM: TOKEN}
    if: git.branch == 'main' && !failure()
    steps:
      - npm ci
      - {id: v, run: "echo \${{ env.OTHER }}", timeout: 5m}
      - parallel: [npm run lint, {name: unit, run: npm test}]
    cleanup: {always: ["rm -rf tmp"], grace: 10s}
    outputs: {version: "\${{ steps.v.outputs.number }}"}
  report:
    needs: test
    run: |
      set -eu
      echo done | cat
`,
  `environments:
  staging: {host: s.example.com, user: deploy, health_checks: [{url: "http://s/health", timeout: 30}]}
  production:
    hosts: [{host: a, port: 22}]
    protection: {approvals: 2, freezes: [{start: "2026-12-20T00:00:00Z", end: "2027-01-04T00:00:00Z"}]}
    promotion: {after: staging}
services:
  api: {artifact: api, port: 8080, migrations: {kind: expand, up: "true"}}
include: {path: part.yaml, with: {version: "24"}}
jobs:
  - name: one
    run: make
`,
];
const PART = 'templates:\n  t: {run: "node@${{ params.version }}"}\njobs: [{id: part, extends: t}]\n';
const PIECES = [
  '&a ',
  '*a',
  '<<: *v',
  '${{',
  '}}',
  '${{ x.y }}',
  '!!str ',
  '!x ',
  '---\n',
  '- ',
  '? ',
  ': ',
  '|',
  '>',
  '[',
  ']',
  '{',
  '}',
  '"',
  "'",
  '#',
  '\t',
  '\r',
  '\n',
  '\u202e',
  '\0',
  '\ud800',
  'é',
  '-1',
  '1e309',
  '0x1F',
  '~',
  'null',
  '__proto__',
  'constructor',
  '%YAML 1.1\n---\n',
  '9'.repeat(400),
  'a'.repeat(200),
];

/** A small generator of chance that gives the same numbers for the same seed (mulberry32). */
function chance(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

function mutated(random: (below: number) => number): string {
  let text = SAMPLES[random(SAMPLES.length)]!;
  for (let count = 1 + random(6); count > 0; count--) {
    const at = random(text.length + 1);
    const to = Math.min(text.length, at + random(20));
    switch (random(7)) {
      case 0:
        text = text.slice(0, at) + text.slice(to);
        break;
      case 1:
        text = text.slice(0, at) + PIECES[random(PIECES.length)] + text.slice(at);
        break;
      case 2:
        text = text.slice(0, at) + text.slice(at, to).repeat(1 + random(8)) + text.slice(to);
        break;
      case 3: {
        const lines = text.split('\n');
        const from = random(lines.length);
        lines.splice(random(lines.length), 0, ...lines.slice(from, from + 1 + random(4)));
        text = lines.join('\n');
        break;
      }
      case 4: {
        // Swaps two words, which makes files of the right shape with wrong values.
        const words = text.split(/(?<=[^\w])(?=\w)|(?<=\w)(?=[^\w])/);
        const [a, b] = [random(words.length), random(words.length)];
        [words[a], words[b]] = [words[b]!, words[a]!];
        text = words.join('');
        break;
      }
      case 5:
        text = text.slice(0, at) + String.fromCharCode(random(0x250)) + text.slice(at + 1);
        break;
      default:
        text = text.slice(0, at);
    }
  }
  return text;
}

/** A value of any shape with keys that the language knows. */
function generated(random: (below: number) => number, depth: number): string {
  const words = [
    'jobs',
    'stages',
    'steps',
    'run',
    'name',
    'needs',
    'matrix',
    'include',
    'env',
    'if',
    'retry',
    'parallel',
    'extends',
    'templates',
    'cleanup',
    'a',
    'b',
    'node',
  ];
  const word = () => words[random(words.length)]!;
  const kind = depth > 5 ? 0 : random(4);
  if (kind === 1)
    return `[${Array.from({ length: random(4) }, () => generated(random, depth + 1)).join(', ')}]`;
  if (kind >= 2)
    return `{${Array.from({ length: random(5) }, () => `${word()}: ${generated(random, depth + 1)}`).join(', ')}}`;
  return [word(), '5', '"${{ needs.a.result }}"', 'true', '""', '1.10', '"a | b"', '[a, b]', '10m'][
    random(9)
  ]!;
}

describe('loading fuzzed files', () => {
  it(`answers ${FILES} files in time, without a throw or a stack trace`, {
    timeout: 60_000 * (FILES / 10_000),
  }, () => {
    load(SAMPLES[0]!);
    let plans = 0;
    for (let index = 0; index < FILES; index++) {
      const random = chance(SEED + index);
      const text = index % 4 === 3 ? generated(random, 0) : mutated(random);
      const context = () => `SLUICE_FUZZ_SEED=${SEED + index} file:\n${text}`;
      // A slow answer must repeat: the machine is shared, and a pause of another process is not ours.
      let best = Number.POSITIVE_INFINITY;
      let checked: ReturnType<typeof load> | null = null;
      for (let attempt = 0; attempt < 3 && best > LIMIT_MS; attempt++) {
        const start = performance.now();
        try {
          checked = load(text, { 'part.yaml': PART });
        } catch (error) {
          throw new Error(`loading threw: ${error}\n${context()}`);
        }
        best = Math.min(best, performance.now() - start);
      }
      if (best > LIMIT_MS) expect.fail(`took ${best} ms. ${context()}`);
      if (checked!.ok) plans++;
      else if (!checked!.diagnostics.some((one) => one.severity === 'error' && one.place))
        expect.fail(`refused without a reason. ${context()}`);
      const said = JSON.stringify(checked!.diagnostics);
      if (/\bat (?:file:|node:|\/|Object\.|async )|internal error|undefined|\[object/.test(said))
        expect.fail(`${said}\n${context()}`);
    }
    // Both outcomes must be common, or the mutations are too wild or too mild to find anything.
    expect(plans).toBeGreaterThan(FILES / 100);
    expect(plans).toBeLessThan(FILES * 0.9);
  });
});
