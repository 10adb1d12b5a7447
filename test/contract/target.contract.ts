import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest';

import type { Change, Down, Instance, Release, Target } from '../../src/delivery/target/contract.ts';
import type { HealthCheck } from '../../src/pipeline/plan-health-check.ts';

/** One call that another process makes. */
export type TargetCall =
  | { readonly verb: 'install' | 'start'; readonly change: Change; readonly release: Release }
  | { readonly verb: 'stop'; readonly change: Change; readonly digest: string }
  | { readonly verb: 'run'; readonly change: Change; readonly run: string; readonly digest: string };

export interface TargetHarness {
  /** The target with one host, ports of its own for four instances and `keepReleases: 1`; each as a new process would have it. */
  open(): Target;
  /** Content that has these files, by digest. Instances and commands begin in the folder with them. */
  build(files: Readonly<Record<string, string>>): Promise<Pick<Release, 'digest' | 'content'>>;
  /** For a shell: serves the folder `www` by HTTP on $PORT, in the foreground. */
  readonly serve: string;
  /** A folder as instances and commands call it; it is the folder that `setUp` was given. */
  readonly shared: string;
  /** Asks an instance for a path and returns the status; null: no answer. */
  get(address: string, path: string): Promise<number | null>;
  /** Another process makes the call and is killed when `until` says so, or when it ends by itself. */
  callAndCrash(call: TargetCall, until: () => boolean): Promise<void>;
  /** Takes or changes something of what was installed, so that it could not be started. */
  damage(digest: string): Promise<void>;
  /** Ends all that runs and removes all that is there. */
  dispose(): Promise<void>;
}

const HEALTH: HealthCheck = {
  name: 'health',
  kind: 'readiness',
  ask: { kind: 'http', url: '/health', status: null },
  intervalMs: 100,
  timeoutMs: 2000,
  successThreshold: 2,
  failureThreshold: 5,
  place: {
    file: 'sluice.yaml',
    start: { line: 1, column: 1 },
    end: { line: 1, column: 1 },
  },
};
const SECRET = 'correct-horse-battery-staple';

/**
 * What every target keeps. `setUp` may skip the test where the machine lacks something; `folder` is the test's own, and is
 * removed behind it. Scripts of services and commands use what busybox has too.
 */
export function targetContract(
  name: string,
  setUp: (context: TestContext, folder: string) => Promise<TargetHarness>,
): void {
  describe(name, () => {
    let folder: string;
    let harness: TargetHarness;
    let target: Target;
    let opened: Target[];
    let host: string;
    let order: number;

    beforeEach(async (context) => {
      folder = mkdtempSync(join(tmpdir(), 'sluice-target-'));
      harness = await setUp(context, folder);
      opened = [];
      order = 0;
      target = open();
      host = target.hosts[0]!;
    });

    afterEach(async () => {
      for (const each of opened ?? []) await each.close();
      await harness?.dispose();
      rmSync(folder, { recursive: true, force: true });
    });

    const open = () => {
      const one = harness.open();
      opened.push(one);
      return one;
    };
    const change = (key: string, more: Partial<Change> = {}): Change => ({
      key,
      fence: { token: 1, order: ++order },
      host,
      timeoutMs: 20_000,
      ...more,
    });
    const release = async (command: string, more: Partial<Release> = {}): Promise<Release> => ({
      service: 'shop',
      ...(await harness.build({ 'www/health': 'well', 'www/index.html': command })),
      command,
      directory: '.',
      environment: { COLOUR: 'blue' },
      secrets: { API_TOKEN: SECRET },
      port: 8080,
      resources: { cpus: null, memoryBytes: null, diskBytes: null, replicas: null },
      drainMs: 1000,
      ...more,
    });
    const good = (more: Partial<Release> = {}) => release(`exec ${harness.serve}`, more);
    /** As `good`, of other content. */
    const other = (word: string, more: Partial<Release> = {}) =>
      release(`: ${word}; exec ${harness.serve}`, more);
    const install = async (one: Release) =>
      expect(await target.install(change(`install/${one.digest}/${order}`), one)).toEqual(DONE);
    const start = async (one: Release) => {
      await install(one);
      expect(await target.start(change(`start/${one.digest}/${order}`), one)).toEqual(DONE);
      return runningOf(one);
    };
    const runningOf = async (one: Release): Promise<readonly Instance[]> =>
      (await target.instances(host)).filter(({ digest, isRunning }) => digest === one.digest && isRunning);
    const run = (key: string, text: string, one: Release, more: Partial<Change> = {}) =>
      target.run(change(key, more), { run: text, digest: one.digest, environment: { STEP: 'smoke' } });
    const path = (file: string) => `${harness.shared}/${file}`;
    const contentOf = (file: string) => {
      try {
        return readFileSync(join(folder, file), 'utf8');
      } catch {
        return '';
      }
    };
    const linesOf = (file: string) => contentOf(file).split('\n').filter(Boolean);

    describe('releases', () => {
      it('are installed, started, asked for their health, stopped and removed', async () => {
        const one = await good();
        await install(one);
        expect(await target.instances(host)).toEqual([]);
        const [instance, ...more] = await start(one);
        expect(more).toEqual([]);
        expect(instance).toMatchObject({ host, digest: one.digest, isRunning: true });
        expect(Math.abs(Date.now() - instance!.startedAtMs)).toBeLessThan(60_000);
        expect(await target.health([instance!], [HEALTH], 15_000)).toEqual({ state: 'healthy' });
        expect(await harness.get(instance!.address!, '/health')).toBe(200);
        expect(await target.missing(one)).toEqual([]);
        expect(await target.stop(change('stop'), one.digest)).toEqual(DONE);
        expect(await runningOf(one)).toEqual([]);
        expect(await harness.get(instance!.address!, '/health')).toBe(null);
        expect(await target.drift()).toEqual([]);
      });

      it('run beside each other, and each is stopped alone', async () => {
        const [one, two] = [await good(), await other('two')];
        const [first] = await start(one);
        const [second] = await start(two);
        expect(first!.address).not.toBe(second!.address);
        expect(first!.id).not.toBe(second!.id);
        expect(await target.health([first!, second!], [HEALTH], 15_000)).toEqual({ state: 'healthy' });
        expect(await target.stop(change('stop'), one.digest)).toEqual(DONE);
        expect(await runningOf(two)).toEqual([second]);
        expect(await harness.get(second!.address!, '/health')).toBe(200);
      });

      it('have as many instances as they say', async () => {
        const one = await good({ resources: { ...NO_LIMITS, replicas: 3 } });
        const instances = await start(one);
        expect(new Set(instances.map(({ address }) => address)).size).toBe(3);
        expect(new Set(instances.map(({ id }) => id)).size).toBe(3);
        expect(await target.health(instances, [HEALTH], 15_000)).toEqual({ state: 'healthy' });
        expect(await target.stop(change('stop'), one.digest)).toEqual(DONE);
        expect(await runningOf(one)).toEqual([]);
      });

      it('are told their environment, secrets and port', async () => {
        const one = await release(
          `echo "$COLOUR $API_TOKEN" > ${path('told')}; echo "$PORT" >> ${path('told')}; exec ${harness.serve}`,
        );
        const [instance] = await start(one);
        expect(await target.health([instance!], [HEALTH], 15_000)).toEqual({ state: 'healthy' });
        const [values, port] = linesOf('told');
        expect(values).toBe(`blue ${SECRET}`);
        expect(Number(port)).toBeGreaterThan(0);
        expect(commandLines()).not.toContain(SECRET);
      });

      it('find no room when all ports are taken', async () => {
        const one = await good({ resources: { ...NO_LIMITS, replicas: 4 } });
        const two = await other('two');
        await start(one);
        await install(two);
        const reply = await target.start(change('start two'), two);
        expect(reply).toMatchObject({ outcome: 'refused', cause: 'no-room' });
        expect(await runningOf(two)).toEqual([]);
        expect(await target.probe(change('start two'))).toEqual({ found: 'not-done' });
      });

      it('stay while they run or are the newest', async () => {
        const all = [await good(), await other('two'), await other('three')];
        const [one, two, three] = all;
        await start(one!);
        await install(two!);
        await install(three!);
        for (const each of all)
          expect(await target.remove(change(`remove ${each.digest}`), each.digest)).toEqual(DONE);
        const runs = async (each: Release) => run(`look ${each.digest}`, 'cat www/health', each);
        expect(await runs(one!)).toMatchObject(DONE_WELL);
        expect(await runs(two!)).toMatchObject({ outcome: 'refused', cause: 'not-found' });
        expect(await runs(three!)).toMatchObject(DONE_WELL);
      });

      it('are found damaged', async () => {
        const one = await good();
        await install(one);
        await harness.damage(one.digest);
        expect((await target.missing(one)).join('\n')).not.toBe('');
      });
    });

    describe('changes', () => {
      it('are done once under a key, and answer the same again', async () => {
        const one = await good();
        await install(one);
        const again = change('run once');
        const spec = {
          run: `echo done >> ${path('ledger')}; echo said; exit 3`,
          digest: one.digest,
          environment: {},
        };
        const first = await target.run(again, spec);
        expect(first).toEqual({ outcome: 'done', end: { code: 3, tail: ['said'] } });
        expect(await target.run(again, spec)).toEqual(first);
        expect(await open().run(again, spec)).toEqual(first);
        expect(linesOf('ledger')).toEqual(['done']);
        const starting = change('start once');
        expect(await target.start(starting, one)).toEqual(DONE);
        expect(await open().start(starting, one)).toEqual(DONE);
        expect(await runningOf(one)).toHaveLength(1);
        expect(await target.probe(starting)).toEqual({ found: 'done', end: null });
      });

      it('are refused when their fence is older', async () => {
        const one = await good();
        await start(one);
        expect(await run('newer', 'true', one, { fence: { token: 3, order: 7 } })).toMatchObject(DONE_WELL);
        const late = [
          { token: 2, order: 99 },
          { token: 3, order: 6 },
        ];
        for (const fence of late) {
          const client = open();
          const old = change(`old ${fence.order}`, { fence });
          const refused = { outcome: 'refused', cause: 'older-fence' };
          expect(await client.stop(old, one.digest)).toMatchObject(refused);
          expect(await client.start(old, one)).toMatchObject(refused);
          expect(await client.install(old, one)).toMatchObject(refused);
          expect(await client.remove(old, one.digest)).toMatchObject(refused);
          expect(await client.run(old, { run: 'true', digest: one.digest, environment: {} })).toMatchObject(
            refused,
          );
        }
        expect(await runningOf(one)).toHaveLength(1);
        const same = change('same', { fence: { token: 3, order: 7 } });
        expect(await target.stop(same, one.digest)).toEqual(DONE);
      });

      it('are not done when they never came, and can be done then', async () => {
        const one = await good();
        await install(one);
        const never = change('never', { fence: { token: 4, order: 1 } });
        expect(await target.probe(never)).toEqual({ found: 'not-done' });
        expect(await run('older', 'true', one)).toMatchObject({ outcome: 'refused', cause: 'older-fence' });
        const spec = { run: 'true', digest: one.digest, environment: {} };
        expect(await target.run(never, spec)).toMatchObject(DONE_WELL);
        expect(await target.probe(never)).toEqual({ found: 'done', end: { code: 0, tail: [] } });
      });

      it('are refused for names that lead elsewhere', async () => {
        const one = await good();
        const hostile = { ...one, digest: `../../${one.digest}` };
        expect(await target.install(change('hostile'), hostile)).toMatchObject({
          outcome: 'refused',
          cause: 'invalid',
        });
        expect(await target.stop(change('unknown'), 'sha256:none')).toEqual(DONE);
        const elsewhere = change('elsewhere', { host: '-oProxyCommand=true' });
        expect(await target.install(elsewhere, one)).toMatchObject({
          outcome: 'refused',
          cause: 'not-found',
        });
        expect(await target.start(change('no install'), one)).toMatchObject({
          outcome: 'refused',
          cause: 'not-found',
        });
      });

      it('of an owner that was killed go on, and are found again', async () => {
        const one = await good();
        await install(one);
        const text = `echo began >> ${path('ledger')}; while [ ! -e ${path('gate')} ]; do sleep 0.1; done; echo over`;
        const running = change('long run');
        const call = { verb: 'run', change: running, run: text, digest: one.digest } as const;
        await harness.callAndCrash(call, () => contentOf('ledger') !== '');
        expect(await target.probe(running)).toMatchObject({ found: 'unknown' });
        writeFileSync(join(folder, 'gate'), '');
        await expect
          .poll(() => target.probe(running), { timeout: 10_000 })
          .toEqual({ found: 'done', end: { code: 0, tail: ['over'] } });
        const again = await target.run(running, { run: text, digest: one.digest, environment: {} });
        expect(again).toEqual({ outcome: 'done', end: { code: 0, tail: ['over'] } });
        expect(linesOf('ledger')).toEqual(['began']);
      });

      it('of an owner that was killed are finished under the same key', async () => {
        const began = `echo began >> ${path('ledger')}`;
        const one = await release(`${began}; exec ${harness.serve}`, {
          resources: { ...NO_LIMITS, replicas: 3 },
        });
        const installing = change('install it');
        let looks = 0;
        await harness.callAndCrash({ verb: 'install', change: installing, release: one }, () => ++looks > 4);
        expect(await settled(() => target.install(installing, one))).toEqual(DONE);
        const starting = change('start it');
        const call = { verb: 'start', change: starting, release: one } as const;
        await harness.callAndCrash(call, () => contentOf('ledger') !== '');
        expect(await settled(() => target.start(starting, one))).toEqual(DONE);
        const instances = await runningOf(one);
        expect(instances).toHaveLength(3);
        expect(await target.health(instances, [HEALTH], 15_000)).toEqual({ state: 'healthy' });
        expect(linesOf('ledger')).toHaveLength(3);
      });
    });

    describe('commands', () => {
      it('run in the release with its environment', async () => {
        const one = await good();
        await install(one);
        const reply = await run('where', 'cat www/health; echo; echo "$COLOUR $STEP"', one);
        expect(reply).toEqual({ outcome: 'done', end: { code: 0, tail: ['well', 'blue smoke'] } });
      });

      it('show their last twenty lines, without secrets', async () => {
        const one = await good();
        await install(one);
        const text =
          'i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo "line $i"; done; echo "token $API_TOKEN"; exit 1';
        const reply = await run('much', text, one);
        if (reply.outcome !== 'done') throw new Error(JSON.stringify(reply));
        expect(reply.end!.code).toBe(1);
        expect(reply.end!.tail).toHaveLength(20);
        expect(reply.end!.tail.at(-2)).toBe('line 30');
        expect(reply.end!.tail.at(-1)).toMatch(/^token \*+$/);
      });

      it('end when their time is over, with all they started', async () => {
        const one = await good();
        await install(one);
        const text = `(while :; do echo x >> ${path('beats')}; sleep 0.1; done) & wait`;
        const asked = performance.now();
        await run('endless', text, one, { timeoutMs: 2000 });
        expect(performance.now() - asked).toBeLessThan(4000);
        await expect
          .poll(async () => {
            const before = contentOf('beats').length;
            await delay(400);
            return contentOf('beats').length - before;
          }, PATIENT)
          .toBe(0);
        const end = await target.probe(change('endless', { fence: { token: 1, order } }));
        expect(end).toMatchObject({ found: 'done' });
        expect(end.found === 'done' && end.end!.code).not.toBe(0);
      });
    });

    describe('instances', () => {
      it('are started again after a crash', async () => {
        const one = await release(
          `if [ -e ${path('once')} ]; then exec ${harness.serve}; else touch ${path('once')}; exit 1; fi`,
        );
        const instances = await start(one);
        expect(await target.health(instances, [HEALTH], 20_000)).toEqual({ state: 'healthy' });
      });

      it('that crash again and again are unhealthy within seconds, with their last lines', async () => {
        const one = await release('echo "no database for $API_TOKEN"; exit 7');
        await install(one);
        const starting = await target.start(change('start'), one);
        expect(starting).toEqual(DONE);
        const asked = performance.now();
        const instances = (await target.instances(host)).filter(({ digest }) => digest === one.digest);
        const end = await target.health(instances, [HEALTH], 60_000);
        expect(performance.now() - asked).toBeLessThan(15_000);
        expect(end).toMatchObject({ state: 'unhealthy', host });
        const tail = end.state === 'unhealthy' ? end.tail.join('\n') : '';
        expect(tail).toContain('no database for *');
        expect(tail).not.toContain(SECRET);
      });

      it('that answer badly are unhealthy at the failure threshold, and undecided before', async () => {
        const one = await release(`rm -f www/health; exec ${harness.serve}`);
        const instances = await start(one);
        const end = await target.health(instances, [HEALTH], 20_000);
        expect(end).toMatchObject({ state: 'unhealthy', host });
        expect(end.state === 'unhealthy' && end.reason).toContain('health');
        const slow = { ...HEALTH, failureThreshold: 1000 };
        expect(await target.health(instances, [slow], 1000)).toMatchObject({ state: 'undecided', host });
      });

      it('are asked by command and connection too', async () => {
        const one = await good({ port: 8080 });
        const instances = await start(one);
        const checks: HealthCheck[] = [
          { ...HEALTH, name: 'tcp', ask: { kind: 'tcp', host: null, port: 8080 } },
          { ...HEALTH, name: 'command', ask: { kind: 'command', run: 'cat www/health' } },
        ];
        expect(await target.health(instances, checks, 20_000)).toEqual({ state: 'healthy' });
        const bad: HealthCheck = { ...HEALTH, name: 'bad', ask: { kind: 'command', run: 'exit 1' } };
        expect(await target.health(instances, [bad], 20_000)).toMatchObject({ state: 'unhealthy', host });
      });

      it('are ended with all that they started, when they do not listen', async () => {
        const beat = `(trap '' TERM; while :; do echo x >> ${path('beats')}; sleep 0.1; done)`;
        const one = await release(`trap '' TERM; ${beat} & (${beat} &) ; ${harness.serve}`, { drainMs: 300 });
        await start(one);
        await expect.poll(() => contentOf('beats'), PATIENT).not.toBe('');
        expect(await target.stop(change('stop'), one.digest)).toEqual(DONE);
        const before = contentOf('beats').length;
        await delay(400);
        expect(contentOf('beats').length).toBe(before);
      });

      it('have the time to end what they do', async () => {
        const one = await release(
          `trap 'sleep 0.5; echo over >> ${path('ledger')}; exit 0' TERM; echo up >> ${path('ledger')}; while :; do sleep 0.1; done`,
          { drainMs: 10_000 },
        );
        await start(one);
        await expect.poll(() => linesOf('ledger'), PATIENT).toEqual(['up']);
        expect(await target.stop(change('stop'), one.digest)).toEqual(DONE);
        expect(linesOf('ledger')).toEqual(['up', 'over']);
      });
    });

    describe('watching', () => {
      it('tells once that an instance is down', async () => {
        const alive = `while [ ! -e ${path('die')} ]; do sleep 0.1; done`;
        const one = await release(
          `${harness.serve} & [ -e ${path('die')} ] && exit 9; ${alive}; kill $!; exit 9`,
        );
        const instances = await start(one);
        expect(await target.health(instances, [HEALTH], 15_000)).toEqual({ state: 'healthy' });
        const told: Down[] = [];
        const leave = target.watch(one.digest, [HEALTH], (down) => told.push(down));
        await delay(600);
        expect(told).toEqual([]);
        writeFileSync(join(folder, 'die'), '');
        await expect.poll(() => told.length, { timeout: 15_000 }).toBe(1);
        expect(told[0]).toMatchObject({ host });
        await delay(500);
        leave();
        expect(told).toHaveLength(1);
      });

      it('counts what flaps and does not tell it, and reads resources', async () => {
        const flap =
          'if [ -e www/health ]; then mv www/health www/gone; else mv www/gone www/health; fi; sleep 0.25';
        const one = await release(`${harness.serve} & while :; do ${flap}; done`);
        await start(one);
        const told: Down[] = [];
        const patient = { ...HEALTH, failureThreshold: 40 };
        const leave = target.watch(one.digest, [patient], (down) => told.push(down));
        let good = 0;
        let bad = 0;
        const shares: number[] = [];
        const haveAll = async () => {
          const { health, resources } = await target.samples(one.digest);
          good += health.taken - health.bad;
          bad += health.bad;
          shares.push(...resources);
          return good > 0 && bad > 0 && shares.length > 0;
        };
        await expect.poll(haveAll, PATIENT).toBe(true);
        leave();
        await target.samples(one.digest);
        for (const share of shares) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1);
        }
        expect(told).toEqual([]);
        expect((await target.samples(one.digest)).health.taken).toBe(0);
      });
    });
  });
}

/** For a machine with much else to do. */
const PATIENT = { timeout: 15_000 };
const DONE = { outcome: 'done', end: null };
const DONE_WELL = { outcome: 'done', end: { code: 0 } };
const NO_LIMITS = { cpus: null, memoryBytes: null, diskBytes: null, replicas: null };

/** Asks again while the host still finishes what the killed owner had begun. */
async function settled<T extends { outcome: string }>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    const reply = await ask();
    if (reply.outcome !== 'unknown' || tries > 50) return reply;
    await delay(100);
  }
}

/** Of every process on this machine that can be read. */
function commandLines(): string {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    })
    .join('\n');
}
