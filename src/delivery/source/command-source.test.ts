import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { countsContract, figuresContract } from '../../../test/contract/source.contract.ts';
import { openTestSource, SPAN } from '../../../test/support/source.ts';

const ENVIRONMENT = { PATH: process.env.PATH ?? '' };

/** Opens a source whose command runs `./tell ARM`, a script that the test writes. */
async function overCommand<T>(
  folder: string,
  asked: 'counts' | 'figure',
  print: (value: T) => string,
  mishaps: Readonly<Record<string, string>>,
) {
  const tell = (script: string) =>
    writeFileSync(join(folder, 'tell'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const all: Readonly<Record<string, string>> = { ...MISHAPS, ...mishaps };
  const source = openTestSource(
    { kind: 'command', run: 'sh ./tell ${{ deploy.arm }}' },
    { asked, commands: { folder, environment: ENVIRONMENT } },
  );
  return {
    source,
    show: async (candidate: T, stable: T) => {
      tell(`[ "$1" = stable ] && echo '${print(stable)}' || echo '  ${print(candidate)} '`);
    },
    mishaps: Object.keys(all),
    suffer: async (mishap: string) => tell(all[mishap]!),
    dispose: async () => {},
  };
}

const MISHAPS = {
  fails: 'echo 4; echo "jq: not found" >&2; exit 2',
  'is not there': 'exit 127',
  'cannot be run': 'exit 126',
  'prints nothing': 'exit 0',
  hangs: 'sleep 60',
  'is endless': 'yes',
  'kills itself': 'kill -9 $$',
  'prints a page': 'echo "<html>"',
  'prints what is no number': 'printf "4 \\033[31m"',
};

countsContract('counts by a command', (_context, folder) =>
  overCommand(folder, 'counts', (done) => JSON.stringify(done), {
    'prints a number': 'echo 4',
    'prints two objects': 'echo \'{"requests":1,"errors":0}\'; echo \'{"requests":1,"errors":0}\'',
    'prints negative counts': 'echo \'{"requests":-1,"errors":0}\'',
    'prints half of it': 'printf \'{"requests":1\'',
  }),
);

figuresContract('a figure by a command', (_context, folder) =>
  overCommand(folder, 'figure', String, {
    'prints NaN': 'echo NaN',
    'prints -inf': 'echo -inf',
    'prints two numbers': 'echo 1; echo 2',
    'prints a number with a unit': 'echo 4ms',
    'prints a huge number': 'echo 1e300',
    'prints an endless number': 'echo 1e999',
    'prints hexadecimal': 'echo 0x10',
  }),
);

it('ends what a command left behind, and does not wait for it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-source-'));
  try {
    const source = openTestSource(
      { kind: 'command', run: 'sleep 300 & echo $! > child; echo 5' },
      { commands: { folder, environment: ENVIRONMENT } },
    );
    await source.read({ ...SPAN, toMs: SPAN.fromMs });
    const startedAt = performance.now();
    expect(await source.read({ ...SPAN, stable: null })).toMatchObject({ kind: 'figures', candidate: 5 });
    expect(performance.now() - startedAt).toBeLessThan(1000);
    const child = Number(readFileSync(join(folder, 'child'), 'utf8'));
    while (existsSync(`/proc/${child}`) && !/\) Z /.test(readFileSync(`/proc/${child}/stat`, 'utf8')))
      await wait(10);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('says that a folder is missing', async () => {
  const source = openTestSource(
    { kind: 'command', run: 'echo 1' },
    { commands: { folder: '/nowhere/at/all', environment: ENVIRONMENT } },
  );
  const reading = await source.read({ ...SPAN, stable: null });
  expect(reading).toMatchObject({ kind: 'none', reason: expect.stringMatching(/cannot be started.*folder/) });
});
