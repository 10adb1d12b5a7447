import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { performInternal } from './internal.ts';
import { guarded, NOTHING_TO_DRIVE } from './supervisor.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-guard-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a shell text under the guard; it finds a file for its tries in `$0`. Resolves to the guard's code and the number of tries. */
function guard(name: string, text: string): Promise<{ readonly code: unknown; readonly tries: number }> {
  const file = join(folder, name);
  const [program, ...words] = guarded(['/bin/sh', '-c', `echo try >> "$0"; ${text}`, file]);
  return new Promise((resolve) => {
    execFile(program!, words, (error) => {
      const tries = readFileSync(file, 'utf8').trim().split('\n').length;
      resolve({ code: error?.code ?? 0, tries });
    });
  });
}

describe('a guarded supervisor', () => {
  it('is started again when it was killed, and when it could not go on', async () => {
    const text = 'case $(wc -l < "$0") in 1) kill -9 $$;; 2) exit 3;; esac';
    expect(await guard('killed', text)).toEqual({ code: 0, tries: 3 });
  });

  it('is not started again when there is nothing to drive', async () => {
    expect(await guard('needless', `exit ${NOTHING_TO_DRIVE}`)).toEqual({ code: 3, tries: 1 });
  });

  it('has nothing to drive where the data are gone, or know no such deployment', async () => {
    expect(await performInternal(['supervise', 'd1'], join(folder, 'gone'))).toBe(NOTHING_TO_DRIVE);
    expect(await performInternal(['supervise', 'd1'], folder)).toBe(NOTHING_TO_DRIVE);
  });
});
