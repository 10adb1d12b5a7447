import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { job, realClock, step } from '../../../test/support/job-rig.ts';
import { declares, WorkRig } from '../../../test/support/work-rig.ts';
import { TreeError } from '../../cache/contract.ts';
import type { Behaviour } from '../../executor/scripted.ts';
import type { PlanJob, PlanStep } from '../../pipeline/plan.ts';
import type { JobMessage, StepFinished } from '../contract.ts';
import { logFile, stepKey } from '../log/paths.ts';
import type { RunnerOptions } from '../options.ts';

let rig: WorkRig;
/** By step: what it does in the folder that it runs in. Both are counted. */
let acts: Record<string, (folder: string, environment: Readonly<Record<string, string>>) => void>;
afterEach(() => rig.rig.remove());

const behave: Behaviour = async (process) => {
  const [id] = process.spec.stepKey.split('.');
  acts[id!]?.(process.spec.directory, process.spec.environment);
  await process.print(`did ${id}\n`);
  process.exit(0);
};
const open = (more: Partial<RunnerOptions> = {}, behaviour: Behaviour = behave) => {
  acts = {};
  rig = new WorkRig(behaviour, more);
  rig.write('src/one', '1');
  return rig;
};
const declaring = (more: object = {}, run = 'make', of: Partial<PlanStep> = {}) =>
  step('a', run, { ...declares(['src'], more), ...of });
const build = (a: PlanStep = declaring(), more: Partial<PlanJob> = {}) => job([a, step('b', 'use')], more);

const receipt = (id: string) =>
  rig.events.find((event): event is StepFinished => event.type === 'step.finished' && event.step === id)!;
/** Whether the work of step `a` was taken over; step `b` is always done. */
async function reuses(planJob: PlanJob, more: Partial<JobMessage> = {}): Promise<boolean> {
  const before = rig.done;
  expect((await rig.run(planJob, more)).outcome).toBe('succeeded');
  const isReused = receipt('a').work?.reusedFrom != null;
  expect(rig.done - before).toBe(isReused ? 1 : 2);
  expect(rig.events.filter(({ type }) => type === 'step.started').length).toBe(isReused ? 1 : 2);
  return isReused;
}
const logOf = (runId: string, id: string) =>
  readFileSync(logFile(join(rig.rig.root, 'data'), runId, 'build', 1, stepKey(id, 1)), 'utf8');

describe('taking over the work of a step', () => {
  it('does it once, and again when an input is another one', async () => {
    open();
    expect(await reuses(build())).toBe(false);
    expect(await reuses(build())).toBe(true);
    rig.write('other', 'not declared');
    expect(await reuses(build())).toBe(true);
    rig.write('src/one', '2');
    expect(await reuses(build())).toBe(false);
    expect(receipt('a').work).toMatchObject({
      reusedFrom: null,
      sentence: 'done: src/one changed',
      changes: { changed: ['src/one'] },
    });
    rig.write('src/one', '1');
    expect(await reuses(build())).toBe(true);
  });

  it('looks at what the steps before it made', async () => {
    open();
    let text = '1';
    acts.b = (folder) => writeFileSync(join(folder, 'src/made'), text);
    const planJob = job([step('b', 'first'), declaring()]);
    expect(await reuses(planJob)).toBe(false);
    expect(await reuses(planJob)).toBe(true);
    text = '2';
    expect(await reuses(planJob)).toBe(false);
    expect(receipt('a').work?.changes?.changed).toEqual(['src/made']);
  });

  it('counts script, variables, values of steps and jobs before, and what is declared of the outside', async () => {
    open({ hostEnvironment: { ...process.env, MODE: 'x' } });
    const needs = (value: string) => ({
      needs: { before: { result: 'success' as const, outputs: { value } } },
    });
    const kinds: [PlanJob, Partial<JobMessage>][] = [
      [build(), {}],
      [build(declaring({}, 'make other')), {}],
      [build(declaring({}, 'make', { shell: 'bash' })), {}],
      [build(declaring({}, 'make', { variables: { A: '1' } })), {}],
      [build(declaring(), { variables: { A: '2' } }), {}],
      [build(), { variables: { A: '3' } }],
      [build(), needs('1')],
      [build(), needs('2')],
      [build(declaring({ variables: ['MODE'] })), {}],
      [build(declaring({}, `echo $SLUICE_BRANCH`)), {}],
      [build(declaring({}, `echo \${{ needs.before.outputs.value }}`)), needs('1')],
    ];
    for (const [planJob, more] of kinds) expect(await reuses(planJob, more)).toBe(false);
    for (const [planJob, more] of kinds.slice(-4)) expect(await reuses(planJob, more)).toBe(true);
  });

  it('counts what the steps before it left', async () => {
    open();
    const left = { SLUICE_OUTPUT: 'value=1', SLUICE_ENV: 'A=1', SLUICE_PATH: '/opt/one' };
    acts.b = (_, environment) => {
      for (const [file, text] of Object.entries(left)) appendFileSync(environment[file]!, `${text}\n`);
    };
    const planJob = job([step('b', 'first'), declaring({}, `make \${{ steps.b.outputs.value }}`)]);
    expect(await reuses(planJob)).toBe(false);
    expect(await reuses(planJob)).toBe(true);
    for (const [name, text] of [
      ['SLUICE_OUTPUT', 'value=2'],
      ['SLUICE_ENV', 'A=2'],
      ['SLUICE_PATH', '/opt/two'],
    ] as const) {
      left[name] = text;
      expect(await reuses(planJob), text).toBe(false);
      expect(await reuses(planJob), `${text}, again`).toBe(true);
    }
  });

  it('gives files, values and log back, with the folder of this run for that of the other', async () => {
    open();
    acts.a = (folder, environment) => {
      mkdirSync(join(folder, 'dist'));
      writeFileSync(join(folder, 'dist/page'), 'made');
      appendFileSync(environment.SLUICE_OUTPUT!, 'count=1\n');
      appendFileSync(environment.SLUICE_ENV!, `DIST=${folder}/dist\n`);
      appendFileSync(environment.SLUICE_PATH!, `${folder}/dist\n`);
      appendFileSync(environment.SLUICE_SUMMARY!, 'one page\n');
    };
    const seen: string[] = [];
    acts.b = (folder, environment) => {
      expect(environment.DIST).toBe(`${folder}/dist`);
      expect(environment.PATH?.startsWith(`${folder}/dist:`)).toBe(true);
      seen.push(readFileSync(join(folder, 'dist/page'), 'utf8'));
    };
    const planJob = build(declaring({ outputs: ['dist/**'] }), {
      outputs: { count: `\${{ steps.a.outputs.count }}` },
    });
    const first = await rig.run(planJob, { runId: 'first' });
    const second = await rig.run(planJob, { runId: 'second' });
    expect(rig.done).toBe(3);
    expect(seen).toEqual(['made', 'made']);
    expect(second.outputs).toEqual(first.outputs);
    expect(receipt('a')).toMatchObject({
      outcome: 'succeeded',
      outputs: { count: '1' },
      log: { bytes: 6, lines: 1 },
      work: { reusedFrom: 'first' },
    });
    expect(receipt('a').work?.logs).toBeUndefined();
    expect(logOf('second', 'a')).toBe('did a\n');
  });

  it('counts a secret by its name, and keeps no file that holds it', async () => {
    let value = 'first-password';
    open({ secrets: { read: async () => value } });
    acts.a = (folder, environment) => {
      mkdirSync(join(folder, 'dist'), { recursive: true });
      writeFileSync(join(folder, 'dist/it'), environment.LEAK ? environment.KEY! : 'plain');
    };
    const secrets = [{ name: 'KEY', variable: 'KEY', from: null }] as never;
    const a = declaring({ outputs: ['dist'] }, `use \${{ secrets.KEY }}`);
    expect(await reuses(build(a, { secrets }))).toBe(false);
    value = 'another-password';
    expect(await reuses(build(a, { secrets }))).toBe(true);
    const leaking = build(a, { secrets, variables: { LEAK: '1' } });
    const report = await rig.run(leaking);
    expect(report.warnings).toEqual([
      expect.stringContaining(
        'step a: its result is not kept, so it will be done again: dist/it holds a secret',
      ),
    ]);
    expect(await reuses(leaking)).toBe(false);
  });
});

describe('the work of a step is done', () => {
  it('when it failed, also where that is allowed', async () => {
    open({}, (process) => process.exit(process.spec.stepKey.startsWith('a') ? 3 : 0));
    for (let time = 0; time < 2; time++) {
      await rig.run(build(declaring({}, 'make', { allowFailure: true })));
      expect(receipt('a')).toMatchObject({ outcome: 'warned', work: { reusedFrom: null } });
    }
    expect(rig.done).toBe(4);
  });

  it('beside other steps, for clean-up, by a further attempt, by strangers, and when somebody asks for it', async () => {
    open();
    await rig.run(build());
    for (const more of [
      { isAnew: true },
      { attempt: 2 },
      { resumed: true },
      { trust: 'untrusted' },
    ] satisfies Partial<JobMessage>[]) {
      const limits = { cpus: null, memoryBytes: null, processesMax: null, diskBytes: null };
      const isolation = { mode: 'sandbox', network: 'host', readable: [], limits } as const;
      const planJob = 'trust' in more ? build(declaring(), { isolation }) : build();
      for (let time = 0; time < 2; time++) {
        await rig.run(planJob, more);
        expect(receipt('a').work, JSON.stringify(more)).toBeUndefined();
      }
    }
    const beside = job([declaring({}, 'make', { parallelGroup: 1 }), step('b', 'use', { parallelGroup: 1 })]);
    const cleanup = job([step('b', 'use')], { cleanup: [declaring()] });
    for (const planJob of [beside, cleanup])
      for (let time = 0; time < 2; time++) expect(await reuses(planJob)).toBe(false);
  });

  it('when its log or its files are not whole any more', async () => {
    open();
    acts.a = (folder) => writeFileSync(join(folder, 'out'), 'made');
    const planJob = build(declaring({ outputs: ['out'] }));
    await rig.run(planJob, { runId: 'first' });
    writeFileSync(logFile(join(rig.rig.root, 'data'), 'first', 'build', 1, stepKey('a', 1)), 'cut');
    expect(await reuses(planJob)).toBe(false);
    expect(receipt('a').work?.sentence).toBe('done anew: the log of run first is not whole any more');
    expect(await reuses(planJob)).toBe(true);
    for await (const { digest } of rig.storage.blobs.list()) await rig.storage.blobs.remove(digest);
    expect(await reuses(planJob)).toBe(false);
    expect(receipt('a').work?.sentence).toContain('are not whole any more');
    expect(await reuses(planJob)).toBe(true);
  });

  it('when it made none of its files, which a person is told', async () => {
    open();
    const planJob = build(declaring({ outputs: ['dist'] }));
    const report = await rig.run(planJob);
    expect(report.warnings).toEqual([expect.stringContaining('step a: its result is not kept')]);
    expect(await reuses(planJob)).toBe(false);
  });

  it('when the results cannot be read, which a person is told', async () => {
    open();
    await rig.run(build());
    rig.storage.references.list = async () => Promise.reject(new TreeError('x', 'the disk is on fire'));
    const report = await rig.run(build());
    expect(report.outcome).toBe('succeeded');
    expect(report.warnings).toEqual([
      'step a: whether it was done before cannot be told: the disk is on fire',
    ]);
    expect(rig.done).toBe(4);
  });

  it('by a later owner, with a log of its own, when the first one died while taking it over', async () => {
    open();
    acts.a = (folder) => writeFileSync(join(folder, 'out'), 'made');
    const planJob = build(declaring({ outputs: ['out'] }));
    await rig.run(planJob);
    const message = rig.message(planJob, { startedAtMs: realClock.now() });
    const { runner } = rig.rig;
    const control = { onCancel: () => {}, onCancelStep: () => {} };
    const died = new Error('killed');
    const dying = runner.perform(message, () => Promise.reject(died), control);
    await expect(dying).rejects.toBe(died);
    const at = logFile(join(rig.rig.root, 'data'), message.runId, 'build', 1, stepKey('a', 1));
    expect(existsSync(at)).toBe(true);
    const before = rig.done;
    const report = await runner.perform({ ...message, resumed: true }, async () => {}, control);
    expect(report.outcome).toBe('succeeded');
    expect(rig.done - before).toBe(2);
    expect(readFileSync(at, 'utf8')).toBe('did a\n');
    await runner.releaseRun(message.runId);
  });
});

describe('a check of what a step declares', () => {
  it('tells which files were read and written without being declared', async () => {
    open({ work: 'check' });
    rig.write('lib/read', '1');
    acts.a = (folder) => {
      for (const path of ['src/one', 'lib/read']) readFileSync(join(folder, path));
      for (const path of ['made', 'other']) writeFileSync(join(folder, path), 'new');
    };
    acts.b = (folder) => rmSync(join(folder, 'lib/read'));
    const report = await rig.run(build(declaring({ outputs: ['made'] })));
    expect(receipt('a').work?.undeclared).toEqual({ read: ['lib/read'], written: ['other'] });
    expect(report.warnings).toEqual([
      'step a: read without being declared: lib/read',
      'step a: written without being declared: other',
    ]);
  });

  it('is left to the job where that declares its inputs itself', async () => {
    open({ work: 'check' });
    rig.write('lib/read', '1');
    acts.b = (folder) => void readFileSync(join(folder, 'lib/read'));
    const report = await rig.run(job([step('b', 'first'), declaring()], declares(['src'])));
    expect(receipt('a').work?.undeclared).toBeUndefined();
    expect(report.warnings).toEqual(['read without being declared: lib/read']);
  });
});
