import { describe, expect, it } from 'vitest';
import { skipText } from './skip-reporter.ts';

describe('skip reporter', () => {
  it('says nothing when nothing was skipped', () => {
    expect(skipText([])).toBe('');
  });

  it('names each reason once, with how many tests it holds back', () => {
    const text = skipText([
      { reason: 'needs ninja: apt-get install ninja-build', test: 'bench > fan-out' },
      { reason: 'needs python3: apt-get install python3', test: 'shell > python' },
      { reason: 'needs ninja: apt-get install ninja-build', test: 'bench > chain' },
    ]);
    expect(text.split('\n').slice(2)).toEqual([
      '   needs ninja: apt-get install ninja-build',
      '     2 tests, such as: bench > fan-out',
      '   needs python3: apt-get install python3',
      '     1 test: shell > python',
    ]);
  });
});
