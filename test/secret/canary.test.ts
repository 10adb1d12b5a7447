import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openKeyRing } from '../../src/secret/key.ts';
import { openSecretStore } from '../../src/secret/secret-store.ts';
import { homeOf, type Product, runProduct, startProduct, untilFile } from '../support/product.ts';
import { makeRepository } from '../support/repository.ts';

/* Secrets at rest, through the real program: 500 values that are easy to find, and a look into everything that it leaves. */

const COUNT = 500;
const JOBS = 10;
/** In every value; nothing else has it. */
const MARK = 'cnry7Qk2Zx';
/** As it is, and in base64 at each alignment, without the characters that the neighbours decide. */
const FORMS = [MARK, ...[0, 1, 2].map(inBase64), Buffer.from(MARK).toString('hex')];
const SECRET_WAIT_MS = 120_000;

let folder: string;
let repository: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-canary-'));
  repository = join(folder, 'repository');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function inBase64(offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), Buffer.from(MARK)]).toString('base64');
  return text.slice(offset === 0 ? 0 : offset + 1, Math.floor(((offset + MARK.length) * 8) / 6));
}

const settings = () => ({ folder, cwd: repository });
const nameOf = (index: number): string => `CANARY_${index}`;
const namesOf = (job: number): string[] =>
  Array.from({ length: COUNT / JOBS }, (_, index) => nameOf(job * (COUNT / JOBS) + index));

async function setCanaries(count: number): Promise<void> {
  const random = { bytes: (count: number) => randomBytes(count) };
  const store = openSecretStore({
    directory: join(homeOf(folder), 'secrets'),
    keys: openKeyRing({
      environment: {},
      configDirectory: join(folder, 'user', '.config'),
      dataDirectory: homeOf(folder),
      random,
    }),
    clock: { now: () => 0, monotonic: () => 0, after: () => () => {} },
    random,
  });
  const everywhere = { repository: null, environment: null };
  for (let index = 0; index < count; index++)
    await store.write(nameOf(index), everywhere, `${MARK}-${index}-${randomBytes(9).toString('hex')}`, 'set');
}

/** Where a canary is found below a folder: in a name, or in the bytes of a file. */
function found(below: string): string[] {
  return readdirSync(below, { recursive: true, encoding: 'utf8' }).filter((path) => {
    if (FORMS.some((form) => path.includes(form))) return true;
    const file = join(below, path);
    const state = statSync(file, { throwIfNoEntry: false });
    if (!state?.isFile()) return false;
    const content = readFileSync(file);
    return FORMS.some((form) => content.includes(form));
  });
}

/** Which files of which processes of this user show a canary: `PID NAME`. */
function foundInProcesses(name: 'cmdline' | 'environ'): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/${name}`).includes(MARK);
      } catch {
        return false; // It ended, or belongs to someone else.
      }
    });
}

const snapshotEnvironment = () => ({
  NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${folder}`,
});

async function heapSnapshot(product: Product): Promise<string> {
  product.kill('SIGUSR2');
  const end = Date.now() + SECRET_WAIT_MS;
  for (;;) {
    const file = readdirSync(folder).find((entry) => entry.endsWith('.heapsnapshot'));
    const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8');
    // It is written in pieces; its last member is the table of strings.
    if (text.includes('"strings":[') && text.trimEnd().endsWith(']}')) return join(folder, file!);
    if (Date.now() > end) throw new Error('the heap snapshot did not come');
    await delay(20);
  }
}

describe('500 secrets used by a run', () => {
  it(
    'are nowhere in data folder, database, logs, storage and heap, while it goes on and afterwards',
    async () => {
      const jobs = Array.from({ length: JOBS }, (_, job) => {
        const all = namesOf(job).map((name) => `$${name}`);
        return [
          `  use${job}:`,
          `    secrets: [${namesOf(job).join(', ')}]`,
          '    commands:',
          `      - 'echo ${all.join(' ')}; echo ${all.join(' ')} | base64 -w0; test "\${#${nameOf(job * 50)}}" -gt 20'`,
          `      - 'echo "out=$${nameOf(job * 50)}" >> $SLUICE_OUTPUT; echo "V=$${nameOf(job * 50)}" >> $SLUICE_ENV; echo "$${nameOf(job * 50)}" >> $SLUICE_SUMMARY'`,
        ].join('\n');
      });
      const needs = Array.from({ length: JOBS }, (_, job) => `use${job}`).join(', ');
      makeRepository(repository, {
        'sluice.yaml': `name: canaries\njobs:\n${jobs.join('\n')}\n  last:\n    needs: [${needs}]\n    run: 'touch ${folder}/waiting; until test -e ${folder}/go; do sleep 0.02; done'\n`,
      });
      await setCanaries(COUNT);
      const product = startProduct(['run', '--no-live', '--summary', join(homeOf(folder), 'summary.md')], {
        ...settings(),
        environment: snapshotEnvironment(),
      });
      await Promise.race([untilFile(join(folder, 'waiting')), product.ended]);
      expect(found(homeOf(folder))).toEqual([]);
      await heapSnapshot(product);
      writeFileSync(join(folder, 'go'), '');
      const { code, stdout, stderr } = await product.ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
      for (const form of FORMS) expect(stdout + stderr).not.toContain(form);
      const logs = await runProduct(['logs'], settings());
      expect(logs.stdout).toContain('***');
      const shown = await runProduct(['show', '--json'], settings());
      for (const form of FORMS) expect(logs.stdout + shown.stdout).not.toContain(form);
      // Everything, the snapshot among it; the repository holds none to begin with.
      expect(found(folder)).toEqual([]);
    },
    SECRET_WAIT_MS,
  );
});

describe('a secret while its step runs', () => {
  it('is in no command line, and in the environment of its own step alone', async () => {
    makeRepository(repository, {
      'sluice.yaml': [
        'name: one',
        'jobs:',
        '  holds:',
        `    secrets: [${nameOf(0)}]`,
        `    run: 'echo $$ > ${folder}/pid; touch ${folder}/waiting; until test -e ${folder}/go; do sleep 0.02; done'`,
        '',
      ].join('\n'),
    });
    await setCanaries(1);
    const product = startProduct(['run', '--no-live'], { ...settings(), environment: snapshotEnvironment() });
    await Promise.race([untilFile(join(folder, 'waiting')), product.ended]);
    const step = readFileSync(join(folder, 'pid'), 'utf8').trim();
    const environments = foundInProcesses('environ');
    expect(foundInProcesses('cmdline')).toEqual([]);
    expect(environments).toContain(step);
    expect(environments).not.toContain(String(product.pid));
    for (const pid of environments) if (pid !== step) expect(isBelow(pid, step)).toBe(true);
    // It is in no file meanwhile; and where it must be, in the memory of Sluice, this way of looking finds it.
    expect(found(folder)).toEqual([]);
    const snapshot = await heapSnapshot(product);
    expect(found(folder)).toEqual([basename(snapshot)]);
    writeFileSync(join(folder, 'go'), '');
    expect((await product.ended).code).toBe(0);
  }, 60_000);
});

/** A child of the step: it inherited the environment. One that is gone by now was one too: it was short-lived. */
function isBelow(pid: string, step: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] === step;
  } catch {
    return true;
  }
}

describe('an artifact of the whole workspace', () => {
  it('is refused when a credential was left in it, and nothing of it is kept', async () => {
    makeRepository(repository, {
      'sluice.yaml': [
        'name: leak',
        'jobs:',
        '  checkout:',
        `    secrets: [${nameOf(0)}]`,
        '    artifacts: [{name: all, paths: "**"}]',
        `    run: 'mkdir -p clone/.git; printf "[remote]\\nurl = https://ci:%s@example.com/x.git\\n" $${nameOf(0)} > clone/.git/config; echo built > clone/built'`,
        '',
      ].join('\n'),
    });
    await setCanaries(1);
    const { code, stdout } = await runProduct(['run', '--no-live'], settings());
    expect(code).toBe(1);
    expect(stdout.replaceAll(/\s*\n\w* ?[│|]? */g, ' ')).toContain('clone/.git/config holds a secret');
    expect(found(folder)).toEqual([]);
  }, 60_000);
});
