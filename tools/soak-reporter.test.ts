import { describe, expect, it } from 'vitest';
import { soakPage } from './soak-reporter.ts';

describe('soak page', () => {
  it('names seed, commit and date, and shows each test that gave figures or failed', () => {
    const page = soakPage({
      seed: '7',
      commit: 'abc123',
      date: '2026-01-02',
      results: [
        {
          test: 'kill > 300 kills',
          state: 'passed',
          durationMs: 61_234,
          figures: ['300 kills,', '0 lost | 0 twice'],
        },
        { test: 'kill > short', state: 'passed', durationMs: 3, figures: [] },
        { test: 'tree > 200 trees', state: 'failed', durationMs: 1000, figures: [] },
      ],
    });
    expect(page).toContain(
      '`SLUICE_SEED=7 npm run soak` on 2026-01-02 at commit abc123: 2 passed, 1 failed.',
    );
    expect(
      page
        .split('\n')
        .filter((line) => line.startsWith('| '))
        .slice(1),
    ).toEqual([
      '| kill > 300 kills | passed | 61.2 | 300 kills, 0 lost \\| 0 twice |',
      '| tree > 200 trees | failed | 1.0 |  |',
    ]);
  });
});
