import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import type {
  Backend,
  Router,
  RouterCounts,
  RouterState,
  Traffic,
} from '../../src/delivery/router/contract.ts';
import { countOf, failures, Load } from './router-load.ts';

export interface RouterHarness {
  readonly router: Router;
  /** Where it takes requests. */
  readonly listen: Backend;
  /** Each change closes the connections that wait for their next request, and may so break one request of each. True of nginx alone. */
  readonly breaksConnections: boolean;
  /** Has the router read what it knows anew, without its port ever being closed. */
  reload(): Promise<void>;
  /** The router's process is killed and a new one started. null: the router cannot be killed from here. */
  restart: (() => Promise<void>) | null;
  /**
   * Another process sets the traffics by turns, with this token and orders from 1, until it is killed in the midst of it.
   */
  steerAndCrash(token: number, traffics: readonly Traffic[]): Promise<void>;
  dispose(): Promise<void>;
}

/** What every router keeps. `setUp` may skip the test where the machine lacks something. */
export function routerContract(
  name: string,
  setUp: (context: TestContext, folder: string) => Promise<RouterHarness>,
): void {
  describe(name, () => {
    let folder: string;
    let harness: RouterHarness;
    let router: Router;
    let load: Load;
    let one: BackendProcess;
    let two: BackendProcess;

    beforeEach(async (context) => {
      folder = mkdtempSync(join(tmpdir(), 'sluice-router-'));
      writeFileSync(join(folder, 'ledger'), '');
      [one, two] = await Promise.all([startBackend('one', folder), startBackend('two', folder)]);
      harness = await setUp(context, folder);
      router = harness.router;
      load = new Load(harness.listen);
    });

    afterEach(async () => {
      load?.close();
      await harness?.dispose();
      await Promise.all([one?.kill(), two?.kill()]);
      rmSync(folder, { recursive: true, force: true });
    });

    const known = async (): Promise<RouterState> => {
      const state = await router.state();
      if (state.outcome !== 'known') throw new Error(state.reason);
      return state;
    };
    const counts = async (): Promise<RouterCounts> => {
      const observed = await router.observe();
      if (observed.outcome !== 'known') throw new Error(observed.reason);
      return observed;
    };
    const traffic = (weight: number, more: Partial<Traffic> = {}): Traffic => ({
      versions: [
        { version: 'two', weightPercent: weight, backends: [two.backend], standby: false },
        { version: 'one', weightPercent: 100 - weight, backends: [one.backend], standby: true },
      ],
      rules: [],
      stickiness: null,
      thresholdsMs: [1, 10_000],
      ...more,
    });
    const set = async (order: number, weight: number, more: Partial<Traffic> = {}) =>
      expect(await router.setWeights({ token: 1, order }, traffic(weight, more))).toMatchObject({
        outcome: 'done',
      });
    /** All were answered well, but for what `changes` of the router may break. */
    const expectAnswers = (changes: number) => {
      const failed = [...failures(load.answers, 'GET'), ...failures(load.answers, 'POST')];
      expect(failed.filter(({ status }) => status !== null)).toEqual([]);
      const allowed = harness.breaksConnections ? changes * load.connections : 0;
      if (failed.length > allowed) expect(failed).toEqual([]);
    };
    /** No POST arrived twice, whatever became of its answer. */
    const expectNoDuplicate = () => {
      const names = readFileSync(join(folder, 'ledger'), 'utf8').split('\n').filter(Boolean);
      expect(names.length).toBe(new Set(names).size);
    };

    it('keeps to each weight of a canary and drops nothing on the way', async () => {
      for (const [order, weight] of [1, 5, 25, 50, 100, 0].entries()) {
        await set(order, weight);
        const share = weight / 100;
        const answers = await load.run(240);
        const allowed = 4 * Math.sqrt(240 * share * (1 - share)) + 1;
        expect(Math.abs(countOf(answers, 'two') - 240 * share)).toBeLessThanOrEqual(allowed);
        if (weight === 100) expect(countOf(answers, 'one')).toBe(0);
        if (weight === 0) expect(countOf(answers, 'two')).toBe(0);
      }
      expectAnswers(6);
      expectNoDuplicate();
    });

    it('changes weights under load and drops nothing', async () => {
      await set(1, 50);
      const running = load.run(1200);
      for (const [index, weight] of [1, 5, 25, 50, 100, 0, 50].entries()) await set(index + 2, weight);
      await running;
      expectAnswers(8);
      expectNoDuplicate();
    });

    it('is reloaded under load and drops nothing', async () => {
      await set(1, 25);
      const running = load.run(1200);
      for (let time = 0; time < 3; time++) await harness.reload();
      await running;
      expectAnswers(4);
      expect((await known()).traffic).toEqual(traffic(25));
      expectNoDuplicate();
    });

    it('goes on with a planned weight when the controller is killed', async () => {
      await set(1, 5);
      const planned = [25, 50].map((weight) => traffic(weight));
      const running = load.run(1200);
      await harness.steerAndCrash(2, planned);
      await running;
      const state = await known();
      expect(planned).toContainEqual(state.traffic);
      expect(state.fence?.token).toBe(2);
      expectAnswers(9);
      expect((await router.setWeights({ token: 3, order: 0 }, traffic(0))).outcome).toBe('done');
      expectNoDuplicate();
    });

    it('answers every GET when a backend is killed, and repeats no POST', async () => {
      await set(1, 50);
      const running = load.run(1500);
      await load.run(60);
      await two.kill();
      await running;
      expect(failures(load.answers, 'GET')).toEqual([]);
      expectNoDuplicate();
      const after = await load.run(60);
      expect(countOf(after, 'one')).toBe(60);
    });

    it('uses a backend again when it is back', async () => {
      await set(1, 50);
      await two.kill();
      await load.run(30);
      two = await startBackend('two', folder, two.backend.port);
      await expect
        .poll(async () => countOf(await load.run(30), 'two'), { timeout: 10_000 })
        .toBeGreaterThan(9);
      expect(failures(load.answers, 'GET')).toEqual([]);
    });

    it('gives a version that is alone to its standby when it dies, and to nobody else', async () => {
      await set(1, 100);
      await two.kill();
      expect(countOf(await load.run(30), 'one')).toBe(30);
      const { versions } = traffic(100);
      await router.setWeights(
        { token: 1, order: 2 },
        traffic(100, { versions: versions.map((version) => ({ ...version, standby: false })) }),
      );
      // Closed connections are met once.
      if (harness.breaksConnections) await load.run(load.connections);
      for (const { status } of await load.run(3)) expect([502, 503]).toContain(status);
    });

    it('refuses an older fence and changes nothing', async () => {
      await set(5, 25);
      for (const fence of [
        { token: 0, order: 9 },
        { token: 1, order: 4 },
      ]) {
        const reply = { outcome: 'refused', cause: 'older-fence' };
        expect(await router.setWeights(fence, traffic(100))).toMatchObject(reply);
        expect(await router.drain(fence, 'two', 10)).toMatchObject(reply);
        expect(await router.remove(fence, 'two')).toMatchObject(reply);
      }
      expect(await known()).toMatchObject({ fence: { token: 1, order: 5 }, traffic: traffic(25) });
      await set(5, 25);
    });

    it('refuses what is no valid traffic and keeps the last', async () => {
      await set(1, 25);
      const { versions } = traffic(30);
      for (const wrong of [
        { ...traffic(30), versions: versions.slice(1) },
        traffic(130),
        traffic(Number.NaN),
        { ...traffic(30), versions: versions.map((version) => ({ ...version, backends: [] })) },
      ]) {
        const reply = await router.setWeights({ token: 1, order: 2 }, wrong);
        expect(reply).toMatchObject({ outcome: 'refused', cause: 'invalid' });
      }
      expect((await known()).traffic).toEqual(traffic(25));
    });

    it('counts what each version did, and begins anew with a new epoch', async () => {
      await set(1, 50);
      await load.run(40);
      const twenty = { requests: 20, errors: 0, exceed: [20, 0] };
      // Some routers count behind the answer.
      await expect.poll(async () => (await counts()).versions).toMatchObject({ one: twenty, two: twenty });
      const first = await counts();
      expect((await counts()).epoch).toBe(first.epoch);
      await set(1, 50);
      expect((await counts()).epoch).toBe(first.epoch);
      await two.kill();
      await load.run(10);
      expect((await counts()).versions.two!.errors).toBeGreaterThan(0);
      if (harness.restart === null) return;
      await harness.restart();
      expect((await known()).traffic).toEqual(traffic(50));
      const second = await counts();
      // Counts that outlive the router go on.
      if (second.epoch === first.epoch) expect(second.versions.one!.requests).toBeGreaterThanOrEqual(20);
      else expect(second.versions).toEqual({});
    });

    it('sends by header and by cookie, and keeps a visitor on its version', async () => {
      await set(1, 0, {
        rules: [
          { kind: 'header', name: 'X-Group', value: 'b', version: 'two' },
          { kind: 'cookie', name: 'beta', value: 'yes', version: 'two' },
        ],
      });
      expect(countOf(await load.run(12, { 'x-group': 'b' }), 'two')).toBe(12);
      expect(countOf(await load.run(12, { cookie: 'a=1; beta=yes' }), 'two')).toBe(12);
      expect(countOf(await load.run(12, { 'x-group': 'a', cookie: 'beta=no' }), 'one')).toBe(12);
      await set(2, 50, { stickiness: { by: 'header', name: 'X-User' } });
      for (let user = 0; user < 10; user++) {
        const before = await load.run(8, { 'x-user': `user-${user}` });
        expect([0, 8]).toContain(countOf(before, 'two'));
      }
    });

    it('drains a version, and removes it', async () => {
      await set(1, 50);
      const running = load.run(300);
      expect(await router.drain({ token: 1, order: 2 }, 'two', 5000)).toMatchObject({ outcome: 'refused' });
      expect(await router.remove({ token: 1, order: 2 }, 'two')).toMatchObject({ outcome: 'refused' });
      await set(2, 0, { rules: [{ kind: 'header', name: 'x-group', value: 'b', version: 'two' }] });
      expect(await router.drain({ token: 1, order: 3 }, 'two', 5000)).toEqual({ outcome: 'done', open: 0 });
      await two.kill();
      await running;
      expectAnswers(3);
      expect(countOf(await load.run(12, { 'x-group': 'b' }), 'one')).toBe(12);
      for (let time = 0; time < 2; time++)
        expect(await router.remove({ token: 1, order: 4 }, 'two')).toMatchObject({ outcome: 'done' });
      expect((await known()).traffic?.versions.map(({ version }) => version)).toEqual(['one']);
    });
  });
}

interface BackendProcess {
  readonly backend: Backend;
  /** Resolves when it is gone. */
  kill(): Promise<void>;
}

async function startBackend(version: string, folder: string, port = 0): Promise<BackendProcess> {
  const program = fileURLToPath(new URL('router-backend-process.ts', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [program, version, join(folder, 'ledger'), `${port}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const [line] = await Promise.race([once(child.stdout!, 'data'), exited]);
  return {
    backend: { host: '127.0.0.1', port: Number(String(line)) },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
