import { describe, expect, it } from 'vitest';
import { load } from './load.fixture.ts';

const SIZE = 200_000;

/** `head`, then as many pieces as fit into the size, then `tail`. */
function filled(head: string, piece: (index: number) => string, tail = ''): string {
  const parts = [head];
  let length = head.length + tail.length;
  for (let index = 0; length < SIZE; index++) {
    parts.push(piece(index));
    length += parts.at(-1)!.length;
  }
  return parts.join('') + tail;
}

const J = 'jobs: {t: {run: x}}\n';

describe('a large hostile file', () => {
  // Quadratic work on these took from 20 seconds to minutes; the limit leaves room for a slow and busy machine.
  it.each<[string, string]>([
    ['of broken expressions', filled('jobs:\n  t:\n    run: "', () => '${{ x.y }} ', '"\n')],
    ['of unknown keys', filled('', (index) => `key${index}: a\n`)],
    ['of missing needs', filled('jobs:\n', (index) => `  j${index}: {run: x, needs: nope${index}}\n`)],
    [
      'of one long chain',
      filled('jobs:\n  j0: {run: x}\n', (index) => `  j${index + 1}: {run: x, needs: j${index}}\n`),
    ],
    [
      'of one long circle',
      filled('jobs:\n', (index) => `  j${index}: {run: x, needs: j${(index + 1) % 5000}}\n`),
    ],
    ['of one job with many needs', filled(`jobs:\n  t: {run: x, needs: [`, (index) => `j${index},`, ']}\n')],
    [
      'of stages',
      filled(
        'stages:\n',
        (index) =>
          `  - {name: s${index}, depends_on: [${index > 0 ? `s${index - 1}` : ''}], jobs: {j${index}: {run: x}}}\n`,
      ),
    ],
    ['of deployments', filled('stages:\n', (index) => `  - {name: s${index}, environment: p}\n`)],
    [
      'of templates in a chain',
      filled(`templates:\n  t0: {run: x}\n`, (index) => `  t${index + 1}: {extends: t${index}}\n`, J),
    ],
    [
      'of merges',
      filled('variables: &v {A: 1}\njobs:\n  t:\n    run: x\n    env:\n      <<: [', () => '*v,', ']\n'),
    ],
    ['of cron lines that never come', filled('on: {schedule: [', () => '"0 0 30 2 *",', `]}\n${J}`)],
    ['of secrets', filled('secrets: [', (index) => `A${index},`, `]\n${J}`)],
    [
      'of steps that name what is not there',
      filled('jobs:\n  t:\n    commands:\n', () => '      - "${{ steps.x.y }} ${{ needs.z.result }}"\n'),
    ],
    ['of quotes', '"'.repeat(SIZE)],
    ['of documents', '---\n'.repeat(SIZE / 4)],
  ])('%s is answered in time', { timeout: 60_000 }, (_, text) => {
    const before = process.cpuUsage();
    const checked = load(text);
    const { user, system } = process.cpuUsage(before);
    expect(checked.diagnostics.length).toBeLessThanOrEqual(201);
    expect((user + system) / 1000).toBeLessThan(5000);
  });
});
