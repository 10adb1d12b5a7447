import { describe, expect, it } from 'vitest';
import type { Cause } from '../journal/run-event.ts';
import { causeText } from './cause-text.ts';

describe('causeText', () => {
  const cases: readonly (readonly [Cause, string])[] = [
    [{ kind: 'exit-code', code: 1 }, 'exit code 1'],
    [{ kind: 'exit-code', code: 127 }, 'exit code 127 (command not found)'],
    [{ kind: 'exit-code', code: 126 }, 'exit code 126 (found, but not a program that can run)'],
    [{ kind: 'exit-code', code: 137 }, 'exit code 137 (SIGKILL: often because memory ran out)'],
    [{ kind: 'exit-code', code: 143 }, 'exit code 143 (SIGTERM)'],
    [{ kind: 'exit-code', code: 255 }, 'exit code 255'],
    [{ kind: 'signal', signal: 'SIGSEGV' }, 'killed by SIGSEGV (the program crashed)'],
    [{ kind: 'signal', signal: 'SIGTERM' }, 'killed by SIGTERM'],
    [{ kind: 'timeout', scope: 'stage', limitMs: 90_000 }, "took longer than the stage's limit of 1m 30s"],
    [{ kind: 'silence', limitMs: 600_000 }, 'printed nothing for 10m 00s'],
    [{ kind: 'lost', reason: 'the runner is gone' }, 'lost: the runner is gone'],
    [{ kind: 'cancelled', by: 'ada', reason: 'wrong branch' }, 'cancelled by ada: wrong branch'],
    [{ kind: 'cancelled', by: 'ada', reason: '' }, 'cancelled by ada'],
    [{ kind: 'could-not-start', reason: 'no such shell' }, 'could not start: no such shell'],
    [{ kind: 'refused', sentences: ['one', 'two'] }, 'one; two'],
    [{ kind: 'invalid', message: 'no secret X' }, 'no secret X'],
    [{ kind: 'internal', message: 'disk full' }, 'Sluice itself failed: disk full'],
  ];
  it.each(cases)('says %j', (cause, text) => {
    expect(causeText(cause)).toBe(text);
  });

  it('lets no control character through', () => {
    expect(causeText({ kind: 'cancelled', by: 'a\u001b[2Jb', reason: '\u202e' })).toBe(
      'cancelled by a\\u{1b}[2Jb: \\u{202e}',
    );
  });
});
