import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';

import { needsSandbox, PATH } from '../../../test/support/sandbox-harness.ts';
import { UserError } from '../../base/diagnostic.ts';
import { machineClock } from '../../machine/clock.ts';
import { openSandboxExecutor, sandboxSelfTest } from './sandbox-executor.ts';
import type { ProbeVerdict } from './self-test.ts';

describe('the self-test of the sandbox', () => {
  let folder: string;
  let options: { directory: string; clock: typeof machineClock; path: string };
  beforeEach((context) => {
    needsSandbox(context);
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-self-test-')));
    options = { directory: join(folder, 'steps'), clock: machineClock, path: PATH };
    return () => rmSync(folder, { recursive: true });
  });

  /** A `bwrap` that does as asked by the script instead. Returns a PATH on which it is. */
  const fakeBubblewrap = (script: string): string => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    chmodSync(folder, 0o755);
    writeFileSync(join(bin, 'bwrap'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return bin;
  };

  it.each(['cgroup', 'subreaper', 'process-group'] as const)(
    'finds every way out closed (T12): %s',
    async (rung) => {
      const opened = await sandboxSelfTest({ ...options, rung, anew: true }).catch((error: unknown) => error);
      // A rung that this machine does not have has no sandbox either.
      if (opened instanceof UserError) return expect(opened.diagnostics[0]!.code).toBe('executor.no-rung');
      const verdicts = opened as readonly ProbeVerdict[];
      expect(verdicts.filter(({ denied }) => !denied)).toEqual([]);
      expect(verdicts.length).toBeGreaterThanOrEqual(25);
    },
  );

  it('costs nothing when nothing changed since it was sound', async () => {
    await sandboxSelfTest(options);
    const file = `${options.directory}.self-test.json`;
    writeFileSync(file, readFileSync(file, 'utf8').replace('"reason":"denied"', '"reason":"remembered"'));
    expect((await sandboxSelfTest(options))[0]!.reason).toBe('remembered');
    expect((await sandboxSelfTest({ ...options, anew: true }))[0]!.reason).toBe('denied');
    writeFileSync(file, '{"key":');
    expect((await sandboxSelfTest(options))[0]!.reason).toBe('denied');
  });

  it('refuses untrusted work when a sandbox does not hold, and says what was possible', async () => {
    const version = '[ "$1" = --version ] && echo bubblewrap 0.8.0 && exit';
    const path = fakeBubblewrap(`${version}\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"`);
    const error = await openSandboxExecutor({ ...options, path, requireSound: true }).catch(
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toMatch(/does not hold.*no new privileges.*outside processes/);
    const trusted = await openSandboxExecutor({ ...options, path, requireSound: false });
    await trusted.shutdown();
  });

  it('says what a machine without user namespaces said', async () => {
    const version = '[ "$1" = --version ] && echo bubblewrap 0.8.0 && exit';
    const path = fakeBubblewrap(
      `${version}\necho 'bwrap: No permissions to create new namespace' >&2; exit 1`,
    );
    const error = await sandboxSelfTest({ ...options, path }).catch((reason) => reason);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toContain('No permissions to create new namespace');
    expect(error.diagnostics[0].suggestion).toContain('user.max_user_namespaces');
  });
});

describe('a machine without bubblewrap', () => {
  it.each([
    ['none', 'echo', /was not found/],
    ['an old one', '[ "$1" = --version ] && echo bubblewrap 0.4.1', /needs bubblewrap 0\.8/],
  ])('is told how to get it: %s', async (kind, script, message) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-no-bubblewrap-'));
    if (kind !== 'none') writeFileSync(join(folder, 'bwrap'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const options = {
      directory: join(folder, 'steps'),
      clock: machineClock,
      path: folder,
      requireSound: false,
    };
    const error = await openSandboxExecutor(options).catch((reason) => reason);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toMatch(message);
    expect(error.diagnostics[0].suggestion).toContain('apt-get install bubblewrap');
    rmSync(folder, { recursive: true });
  });
});
