import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { job, step } from '../../../test/support/job-rig.ts';
import { declares, WorkRig } from '../../../test/support/work-rig.ts';
import type { Behaviour } from '../../executor/scripted.ts';
import type { PlanJob } from '../../pipeline/plan.ts';
import type { JobMessage } from '../contract.ts';
import { logFile, stepKey } from '../log/paths.ts';
import type { RunnerOptions } from '../options.ts';

let rig: WorkRig;
afterEach(() => rig.rig.remove());
const open = (behaviour?: Behaviour, more?: Partial<RunnerOptions>) => {
  rig = new WorkRig(behaviour, more);
  return rig;
};
const build = (more: Partial<PlanJob> = {}, run = 'make') =>
  job([step('a', run)], { ...declares(['src']), ...more });
const make =
  (path: string, text: string): Behaviour =>
  async (process) => {
    const file = join(process.spec.directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    await process.print(`made ${path}\n`);
    process.exit(0);
  };

describe('taking over unchanged work', () => {
  it('does work once, and again for every kind of change', async () => {
    open().write('src/one', '1');
    expect(await rig.reuses(build())).toBe(false);
    expect(await rig.reuses(build())).toBe(true);
    rig.write('other', 'not declared');
    expect(await rig.reuses(build())).toBe(true);
    const changes: [string, () => void][] = [
      ['content', () => rig.write('src/one', '2')],
      ['executable bit', () => chmodSync(join(rig.rig.source, 'src/one'), 0o755)],
      ['new file', () => rig.write('src/two', '2')],
      ['renamed', () => renameSync(join(rig.rig.source, 'src/two'), join(rig.rig.source, 'src/three'))],
      ['removed', () => rmSync(join(rig.rig.source, 'src/three'))],
      ['link', () => symlinkSync('../other', join(rig.rig.source, 'src/link'))],
      ['what a link leads to', () => rig.write('other', 'declared by a link')],
    ];
    const earlier = new Set(['removed']);
    for (const [name, change] of changes) {
      change();
      expect(await rig.reuses(build()), name).toBe(earlier.has(name));
      expect(await rig.reuses(build()), `${name}, again`).toBe(true);
    }
  });

  it('counts script, variables, needs and what is declared of the outside', async () => {
    open(undefined, { hostEnvironment: { ...process.env, MODE: 'x' } }).write('src/one', '1');
    const message = (result: 'success' | 'failure', value: string) => ({
      needs: { before: { result, outputs: { value } } },
    });
    const kinds: [PlanJob, Partial<JobMessage>][] = [
      [build(), {}],
      [build({}, 'make other'), {}],
      [build({ variables: { A: '1' } }), {}],
      [build({ variables: { A: '2' } }), {}],
      [build(), message('success', '1')],
      [build(), message('success', '2')],
      [build(declares(['src'], { variables: ['MODE'] })), {}],
      [build({ outputs: { n: 'x' } }), {}],
      [build({}, `echo \${{ git.branch }}`), {}],
    ];
    for (const [planJob, more] of kinds) expect(await rig.reuses(planJob, more)).toBe(false);
    // Of one job so many results are kept as somebody goes back and forth between.
    for (const [planJob, more] of kinds.slice(-4)) expect(await rig.reuses(planJob, more)).toBe(true);
  });

  it('holds exactly the declared files in the workspace', async () => {
    let found: string[] = [];
    const { readdirSync } = await import('node:fs');
    open((process) => {
      found = readdirSync(process.spec.directory, { recursive: true, encoding: 'utf8' }).sort();
      process.exit(0);
    });
    rig.write('src/one', '1');
    rig.write('secret', '1');
    await rig.run(build());
    expect(found).toEqual(['src', 'src/one']);
  });

  it('gives outputs, log and artifacts back, for this run', async () => {
    open(make('dist/site', 'page')).write('src/one', '1');
    const planJob = build({
      ...declares(['src'], { outputs: ['dist/**'] }),
      artifacts: [
        { name: 'site', paths: ['dist'], version: null, tags: {}, when: 'success', retentionMs: null },
      ] as never,
      outputs: { word: 'given' },
    });
    const first = await rig.run(planJob, { runId: 'first' });
    const second = await rig.run(planJob, { runId: 'second' });
    expect(second.extras?.work).toMatchObject({
      reusedFrom: 'first',
      logs: { cell: 'build', steps: [{ step: 'a', try: 1 }] },
    });
    expect(second.outputs).toEqual({ word: 'given' });
    const [kept] = second.extras!.kept!;
    expect(kept).toMatchObject({ runId: 'second', name: 'site', digest: first.extras!.kept![0]!.digest });
    const { logs } = second.extras!.work!;
    const file = logFile(join(rig.rig.root, 'data'), 'first', logs!.cell, logs!.attempt, stepKey('a', 1));
    expect(readFileSync(file, 'utf8')).toBe('made dist/site\n');
    expect(rig.done).toBe(1);
  });

  it('answers at once for a prepared run, as it would after a while', async () => {
    open(make('dist/x', 'x')).write('src/one', '1');
    const planJob = build(declares(['src'], { outputs: ['dist'] }));
    await rig.run(planJob);
    const message = rig.message(planJob);
    const { runId, source, trust } = message;
    expect(rig.rig.runner.reuse!(message)).toBeNull();
    await rig.rig.runner.prepareReuse!({ runId, source, trust, payload: {}, pipeline: 'p' }, [planJob]);
    expect(rig.rig.runner.reuse!(message)?.extras?.work?.reusedFrom).toBe('run0');
    expect(rig.rig.runner.reuse!(rig.message(build({}, 'other'), { runId }))).toBeNull();
    await rig.rig.runner.releaseRun(runId);
  });

  it('says what changed since the work was last done', async () => {
    open().write('src/one', '1');
    expect((await rig.run(build())).extras?.work?.sentence).toBe('done: nothing is known of it yet');
    rig.write('src/one', '2');
    rig.write('src/two', '2');
    const { work } = (await rig.run(build({}, 'other'))).extras!;
    expect(work).toMatchObject({
      reusedFrom: null,
      sentence: 'done: src/one changed (and 1 other input); step a changed',
      changes: { added: ['src/two'], changed: ['src/one'], removed: [], fields: ['step a'], files: 2 },
    });
  });
});

describe('results that cannot be taken over', () => {
  it('are those of work that failed, or of which a step failed', async () => {
    open((process) => process.exit(3)).write('src/one', '1');
    for (let time = 0; time < 2; time++) expect((await rig.run(build())).outcome).toBe('failed');
    expect(rig.done).toBe(2);
    const tolerant = job([step('a', 'x', { allowFailure: true })], declares(['src']));
    for (let time = 0; time < 2; time++) expect((await rig.run(tolerant)).outcome).toBe('warned');
    expect(rig.done).toBe(4);
  });

  it('are those whose log or files are not whole', async () => {
    open(make('dist/x', 'x')).write('src/one', '1');
    const planJob = build(declares(['src'], { outputs: ['dist'] }));
    await rig.run(planJob, { runId: 'first' });
    writeFileSync(logFile(join(rig.rig.root, 'data'), 'first', 'build', 1, stepKey('a', 1)), 'cut');
    expect((await rig.run(planJob)).extras?.work?.sentence).toBe(
      'done anew: the log of run first is not whole any more',
    );
    expect(await rig.reuses(planJob)).toBe(true);
    for await (const { digest } of rig.storage.blobs.list()) await rig.storage.blobs.remove(digest);
    expect((await rig.run(planJob)).extras?.work?.sentence).toContain('are not whole any more');
    expect(await rig.reuses(planJob)).toBe(true);
  });

  it('are those whose declared files were not made, which a person is told', async () => {
    open().write('src/one', '1');
    const planJob = build(declares(['src'], { outputs: ['dist/**'] }));
    const report = await rig.run(planJob);
    expect(report.warnings).toEqual([expect.stringContaining('no file matches dist/**')]);
    expect(await rig.reuses(planJob)).toBe(false);
  });

  it('are those of other branches, pipelines and untrusted runs, but not of the default branch', async () => {
    open().write('src/one', '1');
    const at = (branch: string) => ({ source: { ...rig.message(build()).source, branch } });
    expect(await rig.reuses(build(), { ...at('feature'), trust: 'untrusted' })).toBe(false);
    expect(await rig.reuses(build(), at('feature'))).toBe(false);
    expect(await rig.reuses(build(), at('other'))).toBe(false);
    expect(await rig.reuses(build(), at('main'))).toBe(false);
    expect(await rig.reuses(build(), at('third'))).toBe(true);
    const limits = { cpus: null, memoryBytes: null, processesMax: null, diskBytes: null };
    const kept = build({ isolation: { mode: 'sandbox', network: 'host', readable: [], limits } });
    expect(await rig.reuses(kept, { ...at('fourth'), trust: 'untrusted' })).toBe(false);
    expect(await rig.reuses(kept, at('main'))).toBe(false);
    expect(await rig.reuses(kept, { ...at('fifth'), trust: 'untrusted' })).toBe(true);
  });

  it('are those of jobs that deploy, and of runs that were asked to do all anew', async () => {
    open().write('src/one', '1');
    const deploy = {
      environment: 'production',
      strategy: null,
      rollbackOnFailure: false,
      service: null,
      artifact: null,
    };
    for (let time = 0; time < 2; time++) expect(await rig.reuses(build({ deploy }))).toBe(false);
    await rig.run(build());
    expect(await rig.reuses(build(), { isAnew: true })).toBe(false);
  });

  it('are those of work whose inputs changed before it got them', async () => {
    open(make('out', 'x')).write('src/one', '1');
    const { runner } = rig.rig;
    const planJob = build();
    const message = rig.message(planJob);
    const { runId, source, trust } = message;
    await runner.prepareReuse!({ runId, source, trust, payload: {}, pipeline: 'p' }, [planJob]);
    rig.write('src/one', 'changed');
    const report = await runner.perform(message, async () => {}, {
      onCancel: () => {},
      onCancelStep: () => {},
    });
    await runner.releaseRun(runId);
    expect(report.warnings).toEqual([expect.stringContaining('src/one changed while the run was going on')]);
    expect(await rig.reuses(planJob)).toBe(false);
  });

  it('are none when the storage breaks while they are saved', async () => {
    open().write('src/one', '1');
    const { references } = rig.storage;
    const write = references.write.bind(references);
    references.write = async () => Promise.reject(Object.assign(new Error('disk full'), { code: 'ENOSPC' }));
    await rig.run(build());
    references.write = async (name, record) => {
      if (name.startsWith('cache/work/')) throw Object.assign(new Error('killed'), { code: 'EIO' });
      await write(name, record);
    };
    await rig.run(build());
    references.write = write;
    expect(await rig.reuses(build())).toBe(false);
    expect(await rig.reuses(build())).toBe(true);
  });
});

describe('a check of the declaration', () => {
  it('tells which files were read and written without being declared', async () => {
    open(
      (process) => {
        const at = (path: string) => join(process.spec.directory, path);
        for (const path of ['src/one', 'lib/read']) readFileSync(at(path));
        for (const path of ['dist', 'other']) mkdirSync(at(path));
        for (const path of ['dist/made', 'other/made', 'lib/changed']) writeFileSync(at(path), 'new');
        process.exit(0);
      },
      { work: 'check' },
    );
    for (const path of ['src/one', 'lib/read', 'lib/changed', 'lib/untouched']) rig.write(path, '1');
    const planJob = build(declares(['src'], { outputs: ['dist'] }));
    const report = await rig.run(planJob);
    expect(report.extras?.work?.undeclared).toEqual({
      read: ['lib/read'],
      written: ['lib/changed', 'other/made'],
    });
    expect(report.warnings).toEqual([
      'read without being declared: lib/read',
      'written without being declared: lib/changed, other/made',
    ]);
    expect(await rig.reuses(planJob)).toBe(false);
  });
});

describe('two runs at once', () => {
  it('lose nothing of what the other one saved', async () => {
    open().write('src/one', '1');
    const jobs = Array.from({ length: 12 }, (_, index) => build({ id: `job${index}` }));
    await Promise.all(jobs.map((one) => rig.run(one, { runId: `run-of-${one.id}`, cell: one.id })));
    for (const one of jobs) expect(await rig.reuses(one, { cell: one.id }), one.id).toBe(true);
  });
});

describe('random edits', () => {
  it('reuse a result exactly when the declared inputs are what they were', async () => {
    const file = fc.constantFrom('src/a', 'src/b', 'src/deep/c', 'lib/d', 'e');
    const edit = fc.oneof(
      fc.record({ kind: fc.constant('write' as const), file, text: fc.constantFrom('1', '2') }),
      fc.record({ kind: fc.constant('remove' as const), file, text: fc.constant('') }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { maxLength: 8 }), async (edits) => {
        rig?.rig.remove();
        open();
        rig.write('src/a', '0');
        const files = new Map([['src/a', '0']]);
        const seen: string[] = [];
        for (const one of [null, ...edits]) {
          if (one?.kind === 'write') {
            rig.write(one.file, one.text);
            files.set(one.file, one.text);
          } else if (one) {
            rmSync(join(rig.rig.source, one.file), { force: true });
            files.delete(one.file);
          }
          const inputs = JSON.stringify([...files].filter(([path]) => path.startsWith('src/')).sort());
          // Only the last few results of a job are kept.
          const at = seen.lastIndexOf(inputs);
          const isKept = at >= 0 && new Set(seen.slice(at)).size <= 4;
          const isReused = await rig.reuses(build());
          if (isKept || at < 0) expect(isReused).toBe(isKept);
          seen.push(inputs);
        }
      }),
      { numRuns: 15 },
    );
  }, 60_000);
});
