import { beforeEach, describe, expect, it, type TestContext } from 'vitest';

import { type Executor, type OutputSink, StartError, type StepSpec } from '../../src/executor/contract.ts';

/** What a step of the suite does, in order; every kind of executor has a way to do it. */
export type Act =
  | { readonly print: string }
  /** Goes on when the harness opens the gate. */
  | 'wait'
  /** Never ends by itself. */
  | 'hang'
  | 'ignore-term'
  /** Leaves one process behind that keeps the output open. */
  | 'leave-one'
  | { readonly exit: number }
  | { readonly die: 'SIGSEGV' };

export interface ExecutorHarness {
  /** An owner of the same machine; the one before has crashed or was shut down. */
  open(): Promise<Executor>;
  command(acts: readonly Act[]): readonly string[];
  readonly missingProgram: readonly string[];
  /** Lets every step go on that is at `wait` or comes there. */
  openGate(): void;
  /**
   * Another owner starts the step, hands on its output until `until` was in it, and is killed without a chance to say
   * anything. Returns what it handed on.
   */
  startAndCrash(jobKey: string, step: Omit<StepSpec, 'onOutput'>, until: string): Promise<string>;
  dispose(): Promise<void>;
}

/** What every executor keeps, whatever it runs steps on. `setUp` may skip the test where the machine lacks something. */
export function executorContract(
  name: string,
  setUp: (context: TestContext) => Promise<ExecutorHarness>,
): void {
  describe(name, () => {
    let harness: ExecutorHarness;
    let executor: Executor;
    beforeEach(async (context) => {
      harness = await setUp(context);
      executor = await harness.open();
      return async () => {
        await executor.shutdown();
        await harness.dispose();
      };
    });

    const step = (stepKey: string, acts: readonly Act[], onOutput: OutputSink = () => {}): StepSpec => ({
      stepKey,
      command: harness.command(acts),
      directory: '/',
      environment: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      tty: false,
      onOutput,
    });

    /** Starts a step under an owner that is then killed; `executor` is the next owner's. Returns what the first one handed on. */
    const crash = async (jobKey: string, acts: readonly Act[], until: string) => {
      await executor.shutdown();
      const { onOutput: _, ...spec } = step('one', acts);
      const before = await harness.startAndCrash(jobKey, spec, until);
      executor = await harness.open();
      return before;
    };

    it('hands on the output in order, then tells the exit code', async () => {
      const output = collect();
      const job = await executor.openJob({ jobKey: 'order' });
      const started = await job.start(
        step('one', [{ print: 'a' }, { print: 'b' }, { print: 'c' }, { exit: 7 }], output.sink),
      );
      const { exit } = await started.ended;
      expect(exit).toEqual({ kind: 'code', code: 7 });
      expect(output.text()).toBe('abc');
      expect(started.pid).toBeGreaterThan(0);
      expect(await job.close()).toEqual({ killed: 0 });
    });

    it('tells the signal a step died of', async () => {
      const job = await executor.openJob({ jobKey: 'died' });
      const started = await job.start(step('one', [{ die: 'SIGSEGV' }]));
      expect((await started.ended).exit).toEqual({ kind: 'signal', signal: 'SIGSEGV' });
      await job.close();
    });

    it('reads nothing more while the sink is busy', async () => {
      const sunk: string[] = [];
      const gate = Promise.withResolvers<void>();
      const job = await executor.openJob({ jobKey: 'slow' });
      const first = Promise.withResolvers<void>();
      const started = await job.start(
        step('one', [{ print: 'first' }, 'wait', { print: 'second' }, { exit: 0 }], (chunk) => {
          sunk.push(Buffer.from(chunk).toString());
          first.resolve();
          return sunk.length === 1 ? gate.promise : undefined;
        }),
      );
      await first.promise;
      harness.openGate();
      let ended = false;
      void started.ended.then(() => {
        ended = true;
      });
      // A second step from start to end is more than the first one needs to print.
      await (await job.start(step('two', [{ exit: 0 }]))).ended;
      expect(sunk).toEqual(['first']);
      expect(ended).toBe(false);
      gate.resolve();
      await started.ended;
      expect(sunk.join('')).toBe('firstsecond');
      await job.close();
    });

    it('signals a step, which may obey', async () => {
      const job = await executor.openJob({ jobKey: 'term' });
      const started = await job.start(step('one', ['hang']));
      await started.signal('SIGTERM');
      expect((await started.ended).exit).toEqual({ kind: 'signal', signal: 'SIGTERM' });
      await started.signal('SIGTERM');
      expect(await job.close()).toEqual({ killed: 0 });
    });

    it('kills a step that does not obey', async () => {
      const output = collect();
      const job = await executor.openJob({ jobKey: 'kill' });
      const started = await job.start(step('one', ['ignore-term', { print: 'ready' }, 'hang'], output.sink));
      await output.until('ready');
      await started.signal('SIGTERM');
      await started.signal('SIGINT');
      const before = await Promise.race([started.ended, patience(50)]);
      expect(before).toBe('still waiting');
      await started.signal('SIGKILL');
      expect((await started.ended).exit).toEqual({ kind: 'signal', signal: 'SIGKILL' });
      await job.close();
    });

    it('refuses what cannot be started and leaves nothing of it', async () => {
      const job = await executor.openJob({ jobKey: 'missing' });
      const spec = { ...step('one', []), command: harness.missingProgram };
      const error = await job.start(spec).catch((reason) => reason);
      expect(error).toBeInstanceOf(StartError);
      expect(error.code).toBe('ENOENT');
      expect(await job.attach('one', () => {})).toBeNull();
      expect(await job.close()).toEqual({ killed: 0 });
    });

    it('runs fifty steps of a job at the same time', async () => {
      const job = await executor.openJob({ jobKey: 'fifty' });
      const steps = await Promise.all(
        Array.from({ length: 50 }, (_, i) => job.start(step(`s${i}`, ['wait', { exit: i }]))),
      );
      harness.openGate();
      const ends = await Promise.all(steps.map((started) => started.ended));
      expect(ends.map(({ exit }) => exit)).toEqual(steps.map((_, code) => ({ kind: 'code', code })));
      await job.close();
    });

    it('ends a step although a process it left holds the output, and kills that one at close', async () => {
      const job = await executor.openJob({ jobKey: 'daemon' });
      const begin = performance.now();
      const started = await job.start(step('one', [{ print: 'x' }, 'leave-one', { exit: 0 }]));
      expect((await started.ended).exit).toEqual({ kind: 'code', code: 0 });
      expect(performance.now() - begin).toBeLessThan(1000);
      const { killed } = await job.close();
      expect(killed).toBeGreaterThan(0);
    });

    it('closes more than once, and kills what runs', async () => {
      const job = await executor.openJob({ jobKey: 'close' });
      const other = await executor.openJob({ jobKey: 'other' });
      const untouched = await other.start(step('one', ['wait', { exit: 0 }]));
      const started = await job.start(step('one', ['hang']));
      const [{ killed }, again] = await Promise.all([job.close(), job.close()]);
      expect(killed).toBeGreaterThan(0);
      expect(again).toEqual({ killed });
      expect((await started.ended).exit).toEqual({ kind: 'signal', signal: 'SIGKILL' });
      await expect(job.start(step('two', []))).rejects.toBeInstanceOf(StartError);
      harness.openGate();
      expect((await untouched.ended).exit).toEqual({ kind: 'code', code: 0 });
      await other.close();
    });

    it('closes although a sink never gets ready', async () => {
      const job = await executor.openJob({ jobKey: 'stuck' });
      const taken = Promise.withResolvers<void>();
      const started = await job.start(
        step('one', [{ print: 'x' }, 'hang'], () => {
          taken.resolve();
          return new Promise(() => {});
        }),
      );
      await taken.promise;
      await job.close();
      expect((await started.ended).exit).toEqual({ kind: 'signal', signal: 'SIGKILL' });
    });

    it('takes over a running step of a killed owner', async () => {
      const acts: Act[] = [{ print: 'one ' }, 'wait', { print: 'two ' }, { print: 'three' }, { exit: 7 }];
      const before = await crash('attach', acts, 'one ');
      const output = collect();
      const job = await executor.openJob({ jobKey: 'attach' });
      const attached = await job.attach('one', output.sink);
      harness.openGate();
      expect((await attached!.ended).exit).toEqual({ kind: 'code', code: 7 });
      expect(before + output.text()).toBe('one two three');
      expect(await job.close()).toEqual({ killed: 0 });
    });

    it('tells how a step ended while nobody watched', async () => {
      const acts: Act[] = [{ print: 'one ' }, 'wait', { print: 'two' }, { exit: 5 }];
      const before = await crash('unwatched', acts, 'one ');
      harness.openGate();
      const other = await executor.openJob({ jobKey: 'other' });
      await (await other.start(step('time-passes', [{ exit: 0 }]))).ended;
      const output = collect();
      const job = await executor.openJob({ jobKey: 'unwatched' });
      const attached = await job.attach('one', output.sink);
      expect((await attached!.ended).exit).toEqual({ kind: 'code', code: 5 });
      expect(before + output.text()).toBe('one two');
      await Promise.all([job.close(), other.close()]);
    });

    it('signals and kills a step it took over', async () => {
      await crash('adopted', ['ignore-term', { print: 'ready' }, 'hang'], 'ready');
      const job = await executor.openJob({ jobKey: 'adopted' });
      const attached = await job.attach('one', () => {});
      await attached!.signal('SIGTERM');
      expect(await Promise.race([attached!.ended, patience(50)])).toBe('still waiting');
      const { killed } = await job.close();
      expect(killed).toBeGreaterThan(0);
      expect((await attached!.ended).exit).toEqual({ kind: 'signal', signal: 'SIGKILL' });
    });

    it('knows nothing of a step that was never started', async () => {
      const job = await executor.openJob({ jobKey: 'unknown' });
      expect(await job.attach('one', () => {})).toBeNull();
      await job.close();
    });

    it('claims what was never started, if it can tell, and what was started never', async () => {
      await crash('claimed', [{ print: 'ready' }, 'hang'], 'ready');
      const job = await executor.openJob({ jobKey: 'claimed' });
      expect((await job.claim?.('one')) ?? false).toBe(false);
      expect(await job.attach('two', () => {})).toBeNull();
      await job.claim?.('two');
      const started = await job.start(step('two', [{ exit: 7 }]));
      expect((await started.ended).exit).toEqual({ kind: 'code', code: 7 });
      expect((await job.claim?.('two')) ?? false).toBe(false);
      await job.close();
    });

    it('keeps how steps ended for a later owner until it is told to forget', async () => {
      const job = await executor.openJob({ jobKey: 'kept' });
      await (await job.start(step('one', [{ exit: 7 }]))).ended;
      await job.close();
      const later = await executor.openJob({ jobKey: 'kept' });
      expect((await (await later.attach('one', () => {}))?.ended)?.exit).toEqual({ kind: 'code', code: 7 });
      await later.close();
      later.forget();
      job.forget();
      const last = await executor.openJob({ jobKey: 'kept' });
      expect(await last.attach('one', () => {})).toBeNull();
      await last.close();
    });

    it('sweeps all jobs of a group, and no other', async () => {
      for (const jobKey of ['run1.a', 'run1.b', 'run2.a']) {
        const job = await executor.openJob({ jobKey });
        await (await job.start(step('one', [{ exit: 0 }]))).ended;
        await job.close();
      }
      expect([...executor.groups()].sort()).toEqual(['run1', 'run2']);
      await executor.sweepGroup('run1');
      expect(executor.groups()).toEqual(['run2']);
      await executor.sweepGroup('run2');
      expect(executor.groups()).toEqual([]);
    });

    it('sweeps what a killed owner left of a job, and forgets it', async () => {
      await crash('swept', [{ print: 'ready' }, 'leave-one', 'hang'], 'ready');
      expect(await executor.sweep('nothing-known')).toBe(0);
      expect(await executor.sweep('swept')).toBeGreaterThan(0);
      expect(await executor.sweep('swept')).toBe(0);
      const job = await executor.openJob({ jobKey: 'swept' });
      expect(await job.attach('one', () => {})).toBeNull();
      await job.close();
    });
  });
}

/** A sink that remembers. */
export function collect() {
  const chunks: Uint8Array[] = [];
  const text = () => Buffer.concat(chunks).toString();
  let wake = () => {};
  return {
    sink: (chunk: Uint8Array) => {
      chunks.push(Uint8Array.from(chunk));
      wake();
    },
    text,
    bytes: () => Buffer.concat(chunks),
    /** Resolves when the text has come. */
    until: async (expected: string) => {
      while (!text().includes(expected)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

/** For proving that something does not happen: the only use of time in this suite. */
function patience(ms: number): Promise<'still waiting'> {
  return new Promise((resolve) => setTimeout(() => resolve('still waiting'), ms));
}
