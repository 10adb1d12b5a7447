import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  CANCELLED,
  type JobRig,
  job,
  jobRig,
  machineOf,
  messageFor,
  step,
} from '../../test/support/job-rig.ts';
import { StartError, type StepSpec } from '../executor/contract.ts';
import { type Behaviour, scriptedMachine, succeed } from '../executor/scripted.ts';
import type { RetryCause } from '../pipeline/plan.ts';
import type { RunnerOptions } from './options.ts';

let rig: JobRig;
afterEach(() => rig.remove());

function on(behaviours: Readonly<Record<string, Behaviour>>, more: Partial<RunnerOptions> = {}): JobRig {
  rig = jobRig(machineOf(behaviours).executor(), more);
  return rig;
}

const fail =
  (code: number, output = ''): Behaviour =>
  async (process) => {
    if (output) await process.print(output);
    process.exit(code);
  };

/** Writes into one of the files that the step is told of, then succeeds. */
const leave =
  (variable: string, text: string): Behaviour =>
  (process) => {
    writeFileSync(process.spec.environment[variable]!, text);
    process.exit(0);
  };

/** An expression as a template holds it. */
const braces = (source: string) => `\${{ ${source} }}`;

const never: Behaviour = () => {};
/** A try whose intent is in the journal. */
const begun = (id: string) => ({ step: id, try: 1, startedAtMs: Date.now() });
const expression = (source: string) => ({
  source,
  place: { file: 'f', start: { line: 1, column: 1 }, end: { line: 1, column: 1 } },
});
const retry = (max: number, ...on: RetryCause[]) => ({ max, delayMs: 1, backoff: 1, on });
const eventNames = () => rig.events.map((event) => `${event.type} ${event.step}`);

describe('runner: order and outcome', () => {
  it('runs the steps in order and records intent and receipt of each', async () => {
    const report = await on({}).perform(job([step('a', 'true'), step('b', 'true')]));
    expect(report).toMatchObject({ outcome: 'succeeded', cause: null, step: null });
    expect(eventNames()).toEqual(['step.started a', 'step.finished a', 'step.started b', 'step.finished b']);
  });

  it('stops at the first step that fails and says which, why and with what last words', async () => {
    const report = await on({ a: fail(3, 'one\n\ntwo\n') }).perform(job([step('a', 'x'), step('b', 'true')]));
    expect(report).toMatchObject({
      outcome: 'failed',
      step: 'a',
      cause: { kind: 'exit-code', code: 3 },
      tail: ['one', 'two'],
    });
    expect(rig.finished('b')).toMatchObject({
      outcome: 'skipped',
      reason: { sentence: expect.stringContaining('step a failed') },
    });
  });

  it('goes on after a failure that is allowed, and shows it', async () => {
    const report = await on({ a: fail(1) }).perform(
      job([step('a', 'x', { allowFailure: true }), step('b', 'true')]),
    );
    expect(rig.finished('a')?.outcome).toBe('warned');
    expect(rig.finished('b')?.outcome).toBe('succeeded');
    expect(report).toMatchObject({ outcome: 'warned', step: 'a', cause: { kind: 'exit-code', code: 1 } });
  });

  it('runs a step that asks for it after a failure', async () => {
    const report = await on({ a: fail(1) }).perform(
      job([step('a', 'x'), step('b', 'true', { if: expression('failure()') })]),
    );
    expect(rig.finished('b')?.outcome).toBe('succeeded');
    expect(report).toMatchObject({ outcome: 'failed', step: 'a' });
  });

  it('starts the steps of a parallel group together and waits for all of them', async () => {
    const machine = scriptedMachine(() => never);
    rig = jobRig(machine.executor());
    const performing = rig.perform(
      job([step('a', 'x', { parallelGroup: 0 }), step('b', 'x', { parallelGroup: 0 }), step('c', 'x')]),
    );
    const [a, b] = [await machine.waitFor('a.1'), await machine.waitFor('b.1')];
    a.exit(1);
    b.exit(0);
    expect(await performing).toMatchObject({ outcome: 'failed', step: 'a' });
    expect(rig.finished('b')?.outcome).toBe('succeeded');
    expect(rig.finished('c')?.outcome).toBe('skipped');
  });

  it('waits for the durable intent before a start, except for the very first', async () => {
    const order: string[] = [];
    const machine = scriptedMachine((spec: StepSpec) => (process) => {
      order.push(`start ${spec.stepKey}`);
      process.exit(0);
    });
    rig = jobRig(machine.executor());
    await rig.runner.perform(
      (await import('../../test/support/job-rig.ts')).messageFor(
        job([step('a', 'x'), step('b', 'x')]),
        rig.source,
      ),
      async (event) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        order.push(`${event.type} ${event.step}`);
      },
      { onCancel() {}, onCancelStep() {} },
    );
    expect(order.slice(0, 5)).toEqual([
      'start a.1',
      'step.started a',
      'step.finished a',
      'step.started b',
      'start b.1',
    ]);
  });

  it('rejects when an intent cannot be recorded, and leaves no process', async () => {
    const machine = scriptedMachine();
    rig = jobRig(machine.executor());
    const { messageFor } = await import('../../test/support/job-rig.ts');
    const performing = rig.runner.perform(
      messageFor(job([step('a', 'x'), step('b', 'x')]), rig.source),
      // With a code, as errors of a store have it.
      (event) =>
        event.step === 'b'
          ? Promise.reject(Object.assign(new Error('fenced off'), { code: 'EFENCED' }))
          : Promise.resolve(),
      { onCancel() {}, onCancelStep() {} },
    );
    await expect(performing).rejects.toThrow('fenced off');
    expect(machine.started.map((process) => process.spec.stepKey)).toEqual(['a.1']);
  });

  it('runs nothing of a job that asks for what is not performed yet', async () => {
    const place = { file: 'f', start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
    const report = await on({}).perform(
      job([step('a', 'x')], { refusals: [{ feature: 'cache', message: 'cache: comes later', place }] }),
    );
    expect(report).toMatchObject({
      outcome: 'errored',
      cause: { kind: 'refused', sentences: ['cache: comes later'] },
    });
    expect(rig.events).toEqual([]);
  });
});

describe('runner: causes', () => {
  it('names a signal, a process that could not be started, and one that was lost', async () => {
    const cases: [Behaviour, string, object][] = [
      [(process) => process.die('SIGSEGV'), 'failed', { kind: 'signal', signal: 'SIGSEGV' }],
      [
        () => {
          throw new StartError('ENOENT', 'no such program: sh');
        },
        'failed',
        { kind: 'could-not-start', reason: 'no such program: sh' },
      ],
      [(process) => process.vanish('the helper died'), 'failed', { kind: 'lost', reason: 'the helper died' }],
    ];
    for (const [behaviour, outcome, cause] of cases) {
      const report = await on({ a: behaviour }).perform(job([step('a', 'x')]));
      expect(report).toMatchObject({ outcome, cause });
      rig.remove();
    }
  });

  it('says that the step timed out although it then ended well at SIGTERM', async () => {
    const polite: Behaviour = (process) => process.onSignal(() => process.exit(0));
    const report = await on({ a: polite }).perform(job([step('a', 'x', { timeoutMs: 20 })]));
    expect(report).toMatchObject({
      outcome: 'failed',
      cause: { kind: 'timeout', scope: 'step', limitMs: 20 },
    });
  });

  it('kills what ignores SIGTERM when the grace is over', async () => {
    const stubborn: Behaviour = (process) => process.onSignal(() => {});
    const report = await on({ a: stubborn }, { killGraceMs: 30 }).perform(
      job([step('a', 'x')], { timeoutMs: 20 }),
    );
    expect(report).toMatchObject({ outcome: 'failed', step: 'a', cause: { kind: 'timeout', scope: 'job' } });
  });

  it('stops a job that prints nothing for too long', async () => {
    const chatty: Behaviour = async (process) => {
      for (let i = 0; i < 4; i++) {
        await new Promise((resolve) => setTimeout(resolve, 30));
        await process.print('.\n');
      }
    };
    const report = await on({ a: chatty }).perform(job([step('a', 'x')], { silenceTimeoutMs: 80 }));
    expect(report.cause).toEqual({ kind: 'silence', limitMs: 80 });
    expect(rig.log('a')).toBe('.\n.\n.\n.\n');
  });

  it('prefers a cancellation over the timeout that came first', async () => {
    const machine = scriptedMachine(() => (process) => process.onSignal(() => {}));
    rig = jobRig(machine.executor(), { killGraceMs: 60 });
    const performing = rig.perform(job([step('a', 'x', { timeoutMs: 10 })]));
    await machine.waitFor('a.1');
    setTimeout(() => rig.cancel(), 30);
    expect(await performing).toMatchObject({ outcome: 'cancelled', cause: CANCELLED });
  });
});

describe('runner: retry', () => {
  const failTwice = (): Behaviour => {
    let tries = 0;
    return (process) => process.exit(++tries < 3 ? 7 : 0);
  };

  it('tries again for a wanted exit code, each try with its own records', async () => {
    const report = await on({ a: failTwice() }).perform(
      job([step('a', 'x', { retry: retry(2, { kind: 'exit-code', codes: [7] }) })]),
    );
    expect(report.outcome).toBe('succeeded');
    expect(rig.events.filter((event) => event.type === 'step.finished')).toMatchObject([
      { try: 1, outcome: 'failed' },
      { try: 2, outcome: 'failed' },
      { try: 3, outcome: 'succeeded' },
    ]);
  });

  it('does not try again for another cause', async () => {
    const report = await on({ a: failTwice() }).perform(
      job([step('a', 'x', { retry: retry(2, { kind: 'signal', signals: [] }) })]),
    );
    expect(report.outcome).toBe('failed');
    expect(rig.events).toHaveLength(2);
  });

  it('sees a pattern in the output also across chunks', async () => {
    let tries = 0;
    const flaky: Behaviour = async (process) => {
      await process.print('error: connec');
      await process.print('tion reset by peer\nbye\n');
      process.exit(++tries < 2 ? 1 : 0);
    };
    const report = await on({ a: flaky }).perform(
      job([step('a', 'x', { retry: retry(1, { kind: 'output', pattern: 'connection * peer' }) })], {
        retry: retry(1, { kind: 'output', pattern: 'bye' }, { kind: 'output', pattern: 'connection*bye' }),
      }),
    );
    expect(report).toMatchObject({ outcome: 'succeeded', patterns: ['bye'] });
    expect(rig.finished('a')?.patterns.toSorted()).toEqual(['bye', 'connection * peer']);
  });

  it('gives up waiting for the next try when the job is cancelled', async () => {
    on({ a: fail(1) });
    const performing = rig.perform(
      job([step('a', 'x', { retry: { max: 1, delayMs: 60_000, backoff: 1, on: [] } })]),
    );
    while (!rig.finished('a')) await new Promise((resolve) => setImmediate(resolve));
    rig.cancel();
    expect(await performing).toMatchObject({ outcome: 'cancelled', step: 'a' });
  });
});

describe('runner: cancellation and clean-up', () => {
  it('ends the running step, skips the rest and still cleans up', async () => {
    const machine = machineOf({ a: never });
    rig = jobRig(machine.executor());
    const performing = rig.perform(
      job([step('a', 'x'), step('b', 'x')], { cleanup: [step('tidy', 'x'), step('only-ok', 'x')] }),
    );
    await machine.waitFor('a.1');
    rig.cancel();
    rig.cancel({ kind: 'cancelled', by: 'person:2', reason: 'again' });
    expect(await performing).toMatchObject({ outcome: 'cancelled', step: 'a', cause: CANCELLED });
    expect(rig.finished('b')?.outcome).toBe('skipped');
    expect(rig.finished('tidy')?.outcome).toBe('succeeded');
  });

  it('gives clean-up after a cancel only its grace', async () => {
    const machine = machineOf({ a: never, tidy: never });
    rig = jobRig(machine.executor());
    const performing = rig.perform(
      job([step('a', 'x')], { cleanup: [step('tidy', 'x'), step('late', 'x')], cleanupGraceMs: 30 }),
    );
    await machine.waitFor('a.1');
    rig.cancel();
    expect((await performing).outcome).toBe('cancelled');
    expect(rig.finished('tidy')).toMatchObject({ outcome: 'failed', cause: { kind: 'timeout' } });
    expect(rig.finished('late')).toMatchObject({
      outcome: 'skipped',
      reason: { sentence: expect.stringContaining('30 ms') },
    });
  });

  it('runs on-failure clean-up only after a failure', async () => {
    const cleanup = [step('report', 'x', { when: 'on-failure' })];
    await on({}).perform(job([step('a', 'x')], { cleanup }));
    expect(rig.finished('report')?.outcome).toBe('skipped');
    rig.remove();
    await on({ a: fail(1) }).perform(job([step('a', 'x')], { cleanup }));
    expect(rig.finished('report')?.outcome).toBe('succeeded');
  });

  it('fails a job whose clean-up failed', async () => {
    const report = await on({ tidy: fail(9) }).perform(
      job([step('a', 'x')], { cleanup: [step('tidy', 'x')] }),
    );
    expect(report).toMatchObject({ outcome: 'failed', step: 'tidy', cause: { kind: 'exit-code', code: 9 } });
  });

  it('cancels a single step, running or still to come', async () => {
    const machine = machineOf({ a: never });
    rig = jobRig(machine.executor());
    const performing = rig.perform(
      job([step('a', 'x', { allowFailure: true }), step('b', 'x', { allowFailure: true }), step('c', 'x')]),
    );
    await machine.waitFor('a.1');
    rig.cancelStep('b');
    rig.cancelStep('a');
    expect((await performing).outcome).toBe('warned');
    expect(machine.started.map((process) => process.spec.stepKey)).toEqual(['a.1', 'c.1']);
  });
});

describe('runner: what steps pass on', () => {
  it('gives outputs, variables and path entries to later steps and outputs to the job', async () => {
    const report = await on({
      a: (process) => {
        const { SLUICE_OUTPUT, SLUICE_ENV, SLUICE_PATH } = process.spec.environment;
        writeFileSync(SLUICE_OUTPUT!, 'version=1.2\nnotes<<END\none\ntwo\nEND\n');
        writeFileSync(SLUICE_ENV!, 'MODE=fast\n');
        writeFileSync(SLUICE_PATH!, '/opt/tool/bin\n');
        process.exit(0);
      },
      b: (process) => {
        const { MODE, PATH, FROM_STEP } = process.spec.environment;
        const ok = MODE === 'fast' && PATH!.startsWith('/opt/tool/bin:') && FROM_STEP === 'v1.2';
        process.exit(ok ? 0 : 1);
      },
    }).perform(
      job(
        [
          step('a', 'x'),
          step('b', 'x', { variables: { FROM_STEP: `v${braces('steps.a.outputs.version')}` } }),
        ],
        {
          outputs: { version: `${braces('steps.a.outputs.version')}` },
        },
      ),
    );
    expect(report).toMatchObject({ outcome: 'succeeded', outputs: { version: '1.2' } });
    expect(rig.finished('a')).toMatchObject({
      outputs: { version: '1.2', notes: 'one\ntwo' },
      exported: { variables: { MODE: 'fast' }, path: ['/opt/tool/bin'] },
    });
  });

  it('fails a step that leaves something invalid, naming file and line', async () => {
    const report = await on({ a: leave('SLUICE_ENV', 'OK=1\nLD_PRELOAD=/tmp/x.so\n') }).perform(
      job([step('a', 'x')]),
    );
    expect(report).toMatchObject({ outcome: 'errored', cause: { kind: 'invalid' } });
    expect(report.tail[0]).toContain('$SLUICE_ENV line 2: LD_PRELOAD may not be set for later steps');
  });

  it('drops an output that holds a secret, with a warning', async () => {
    const grant = { secrets: [{ name: 'TOKEN', variable: 'TOKEN' }] };
    const secrets = { read: async () => 'Zk39-tokenvalue' };
    const report = await on({ a: leave('SLUICE_OUTPUT', 'x=Zk39-tokenvalue\ny=2\n') }, { secrets }).perform(
      job([step('a', 'x')], grant),
    );
    expect(rig.finished('a')?.outputs).toEqual({ y: '2' });
    expect(report.warnings).toEqual([expect.stringContaining('output x holds a secret')]);
    expect(JSON.stringify(rig.events)).not.toContain('Zk39');
  });

  it('gives a step only the allowed environment, and its secrets', async () => {
    let seen: Readonly<Record<string, string>> = {};
    const look: Behaviour = (process) => {
      seen = process.spec.environment;
      process.exit(0);
    };
    const hostEnvironment = {
      PATH: '/bin',
      HOME: '/home/u',
      LC_ALL: 'C',
      AWS_SECRET: 'host',
      NODE_OPTIONS: '-x',
    };
    on({ a: look }, { hostEnvironment, secrets: { read: async () => 'Zk39-tokenvalue' } });
    await rig.perform(
      job([step('a', 'x', { variables: { LEVEL: 'step' } })], {
        variables: { LEVEL: 'job', JOB: '1' },
        secrets: [{ name: 'token', variable: 'TOKEN' }],
      }),
      { variables: { LEVEL: 'pipeline', PIPELINE: '1' } },
    );
    expect(seen).toMatchObject({
      PATH: '/bin',
      HOME: '/home/u',
      LC_ALL: 'C',
      CI: 'true',
      SLUICE_BRANCH: 'main',
      LEVEL: 'step',
      JOB: '1',
      PIPELINE: '1',
      TOKEN: 'Zk39-tokenvalue',
    });
    expect(Object.keys(seen)).not.toContain('AWS_SECRET');
    expect(Object.keys(seen)).not.toContain('NODE_OPTIONS');
  });

  it('refuses to build a script from text of the event, and takes it as a variable', async () => {
    const contexts = {
      git: { branch: 'a;touch x' },
      event: { name: 'push', payload: { title: '$(touch x)' } },
      run: {},
      pipeline: {},
      inputs: {},
      vars: {},
    };
    for (const run of [`echo ${braces('event.payload.title')}`, `echo ${braces('git.branch')}`]) {
      const report = await on({}).perform(job([step('a', run)]), { contexts });
      expect(report).toMatchObject({
        outcome: 'errored',
        cause: { message: expect.stringContaining('as code') },
      });
      rig.remove();
    }
    let title = '';
    const look: Behaviour = (process) => {
      title = process.spec.environment.TITLE!;
      process.exit(0);
    };
    await on({ a: look }).perform(
      job([step('a', 'echo', { variables: { TITLE: `${braces('event.payload.title')}` } })]),
      {
        contexts,
      },
    );
    expect(title).toBe('$(touch x)');
  });

  const HOSTILE = [
    ...[
      '$(touch x)',
      '`touch x`',
      '; touch x',
      '&& touch x',
      '| touch x',
      '\ntouch x',
      '> x',
      '"; touch x; "',
    ],
    ...[
      "'; touch x; '",
      '$IFS',
      '${HOME}',
      '<(touch x)',
      '*',
      '~',
      '!!',
      '\\',
      '%0atouch x',
      '#',
      'a b',
      '\u202ex',
    ],
  ];
  const TITLE = braces('event.payload.title');

  it.each(HOSTILE.flatMap((text) => [['title', text] as const, ['branch', text] as const]))(
    'lets the %s %j become no code by any way there is',
    async (from, text) => {
      const source = from === 'title' ? TITLE : braces('git.branch');
      const contexts = {
        git: { branch: from === 'branch' ? text : 'main' },
        event: { name: 'push', payload: { title: from === 'title' ? text : 'plain' } },
        run: {},
        pipeline: {},
        inputs: {},
        vars: { TEXT: text },
      };
      const ways = [
        [job([step('a', `echo ${source}`)]), {}],
        [job([step('a', `echo ${braces('env.TEXT')}`, { variables: { TEXT: source } })]), {}],
        [job([step('a', `echo ${braces('env.TEXT')}`)], { variables: { TEXT: source } }), {}],
        [job([step('a', `echo ${braces('vars.TEXT')}`)]), { variables: { TEXT: source } }],
        [job([step('a', `echo ${braces('env.TEXT')}`)]), { variables: { TEXT: source } }],
        [job([step('a', `echo ${braces("format('{0}', vars.TEXT)")}`)]), { variables: { TEXT: source } }],
      ] as const;
      for (const [definition, message] of ways) {
        const report = await on({}).perform(definition, { contexts, ...message });
        expect(report).toMatchObject({
          outcome: 'errored',
          cause: { message: expect.stringContaining('as code') },
        });
        rig.remove();
      }
    },
  );

  it('takes a text of the event for no template', async () => {
    let title = '';
    const look: Behaviour = (process) => {
      title = process.spec.environment.TITLE!;
      process.exit(0);
    };
    const text = braces('secrets.TOKEN');
    const contexts = {
      ...{ git: {}, run: {}, pipeline: {}, inputs: {}, vars: { TITLE: text } },
      event: { name: 'push', payload: { title: text } },
    };
    await on({ a: look }).perform(job([step('a', 'echo')]), { contexts, variables: { TITLE } });
    expect(title).toBe(text);
  });

  it('refuses an untrusted job what only trusted code may have, whoever made the message', async () => {
    const secrets = [{ name: 'TOKEN', variable: 'TOKEN' }];
    const report = await on({}).perform(job([step('a', 'echo')], { secrets }), { trust: 'untrusted' });
    expect(report).toMatchObject({ outcome: 'errored', cause: { kind: 'refused' } });
  });
});

describe('runner: what is invalid', () => {
  it.each([
    ['an unknown secret', { secrets: [{ name: 'NONE', variable: 'X' }] }, {}, 'there is no secret NONE'],
    ['a short secret', { secrets: [{ name: 'S', variable: 'X' }] }, { S: 'abc' }, 'fewer than 8 characters'],
    [
      'a secret that is a word',
      { secrets: [{ name: 'S', variable: 'X' }] },
      { S: 'true' },
      'is the word "true"',
    ],
    ['an empty secret', { secrets: [{ name: 'S', variable: 'X' }] }, { S: '' }, 'is empty'],
    [
      'a huge secret',
      { secrets: [{ name: 'S', variable: 'X' }] },
      { S: 'abc'.repeat(400_000) },
      'larger than 1 MiB',
    ],
    ['a broken template', { variables: { A: `${braces('nosuch(')}` } }, {}, 'variable A'],
    ['a NUL byte in a variable', { variables: { A: 'x\0y' } }, {}, 'variable A holds a NUL byte'],
    [
      'a variable that is too long',
      { variables: { A: 'x'.repeat(140_000) } },
      {},
      'variable A has 140003 bytes',
    ],
    [
      'too much environment',
      { variables: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`V${i}`, 'x'.repeat(120_000)])) },
      {},
      'the environment has',
    ],
    [
      'a directory outside',
      { steps: [step('a', 'x', { workingDirectory: '../..' })] },
      {},
      'outside of the workspace',
    ],
    ['an unknown shell', { steps: [step('a', 'x', { shell: 'fish' })] }, {}, 'shell "fish" is not known'],
    [
      'a broken condition',
      { steps: [step('a', 'x', { if: expression('1 ==') })] },
      {},
      'the condition of step a',
    ],
  ] as const)('ends errored for %s', async (_name, more, secrets, message) => {
    const values = secrets as Readonly<Record<string, string>>;
    on({}, { secrets: { read: async (name) => values[name] ?? null } });
    const report = await rig.perform(job([step('a', 'x')], more as object));
    // A condition is only looked at when something else failed or it is not null.
    expect(report).toMatchObject({
      outcome: 'errored',
      cause: { kind: 'invalid', message: expect.stringContaining(message) },
    });
  });
});

describe('runner: output that was lost', () => {
  it('keeps the outcome, and says so in the log and in the report', async () => {
    const report = await on({
      a: async (process) => {
        await process.print('half a li');
        process.loseOutput();
        process.exit(0);
      },
    }).perform(job([step('a', 'x')]));
    const sentence = 'the helper that starts steps was killed; output of this step may be missing';
    expect(report).toMatchObject({ outcome: 'succeeded', warnings: [`step a: ${sentence}`] });
    expect(rig.log('a')).toBe(`half a li\n[sluice: ${sentence}]\n`);
    expect(rig.finished('a')).toMatchObject({ outcome: 'succeeded', log: { lines: 2 } });
  });
});

describe('runner: after a restart', () => {
  it('skips what is sealed, with its outputs', async () => {
    const first = on({ a: leave('SLUICE_OUTPUT', 'v=1\n') });
    await first.perform(job([step('a', 'x')]));
    const sealed = [first.finished('a')!];
    let seen = '';
    const machine = machineOf({
      b: (process) => {
        seen = process.spec.environment.V!;
        process.exit(0);
      },
    });
    const folder = first.root;
    rig = jobRig(machine.executor(), {}, folder);
    const planJob = job([
      step('a', 'x'),
      step('b', 'x', { variables: { V: `${braces('steps.a.outputs.v')}` } }),
    ]);
    expect((await rig.perform(planJob, { sealed, resumed: true })).outcome).toBe('succeeded');
    expect(seen).toBe('1');
    expect(machine.started).toHaveLength(1);
  });

  it('attaches to a step that still runs, and lets no half secret through', async () => {
    const machine = scriptedMachine(() => never);
    const secrets = { read: async () => 'Zk39-tokenvalue' };
    const grant = { secrets: [{ name: 'T', variable: 'T' }] };
    const planJob = job([step('a', 'x')], grant);
    const first = jobRig(machine.executor(), { secrets });
    void first.perform(planJob);
    const process = await machine.waitFor('a.1');
    await process.print('begin\nx Zk39-tok');
    machine.crash();
    rig = jobRig(machine.executor(), { secrets }, first.root);
    const startedAtMs = Date.now() - 60_000;
    const unsealed = [{ ...begun('a'), startedAtMs: startedAtMs + 10_000 }];
    const performing = rig.perform(planJob, { unsealed, resumed: true, startedAtMs });
    await process.print('envalue y\nafter\n');
    writeFileSync(process.spec.environment.SLUICE_OUTPUT!, 'v=2\n');
    process.exit(0);
    const report = await performing;
    expect(report.outcome).toBe('succeeded');
    // Both count from where an earlier owner began.
    expect(report.durationMs).toBeGreaterThanOrEqual(60_000);
    expect(rig.finished('a')?.durationMs).toBeGreaterThanOrEqual(50_000);
    expect(rig.finished('a')?.durationMs).toBeLessThan(60_000);
    expect(rig.log('a')).toMatch(/^begin\n.*\[sluice: Sluice was restarted here.*\]\nafter\n$/s);
    expect(rig.log('a')).not.toContain('envalue');
    expect(rig.finished('a')?.outputs).toEqual({ v: '2' });
    expect(eventNames()).toEqual(['step.finished a']);
  });

  it('does not run a lost step again, and says what to do', async () => {
    const machine = machineOf({});
    rig = jobRig(machine.executor());
    const report = await rig.perform(job([step('a', 'x')]), {
      unsealed: [begun('a')],
      resumed: true,
      isSameBoot: false,
    });
    expect(report).toMatchObject({ outcome: 'failed', cause: { kind: 'lost' } });
    expect(rig.finished('a')?.reason?.sentence).toContain('it is not known whether step a ran to its end');
    expect(machine.started).toEqual([]);
  });

  it('runs a step again that is repeatable when how it ended was lost with its helper', async () => {
    const machine = scriptedMachine((spec) => (spec.stepKey === 'a.1' ? never : succeed));
    const planJob = job([step('a', 'x', { repeatable: true })]);
    const first = jobRig(machine.executor());
    void first.perform(planJob);
    const process = await machine.waitFor('a.1');
    machine.crash();
    rig = jobRig(machine.executor(), {}, first.root);
    const performing = rig.perform(planJob, { unsealed: [begun('a')], resumed: true });
    process.vanish('the helper is gone too');
    expect(await performing).toMatchObject({ outcome: 'succeeded' });
    expect(machine.started.map((one) => one.spec.stepKey)).toEqual(['a.1', 'a.2']);
  });

  it('runs a lost step again that is repeatable', async () => {
    const machine = machineOf({});
    rig = jobRig(machine.executor());
    const report = await rig.perform(job([step('a', 'x', { repeatable: true })]), {
      unsealed: [begun('a')],
      resumed: true,
      isSameBoot: false,
    });
    expect(report.outcome).toBe('succeeded');
    expect(machine.started.map((process) => process.spec.stepKey)).toEqual(['a.2']);
  });

  it('starts a step of which only the intent is there, under the same intent', async () => {
    const machine = machineOf({ a: (process) => void process.print('x\n').then(() => process.exit(0)) });
    rig = jobRig(machine.executor());
    const report = await rig.perform(job([step('a', 'x')]), { unsealed: [begun('a')], resumed: true });
    expect(report).toMatchObject({ outcome: 'succeeded' });
    expect(machine.started.map((process) => process.spec.stepKey)).toEqual(['a.1']);
    expect(eventNames()).toEqual(['step.finished a']);
    expect(rig.log('a')).toBe('x\n');
  });

  it('sweeps a lost step only when its receipt is durable', async () => {
    const told: string[] = [];
    const machine = machineOf({});
    const executor = machine.executor();
    rig = jobRig({
      ...executor,
      sweep: async (jobKey) => {
        told.push('sweep');
        return executor.sweep(jobKey);
      },
    });
    const planJob = job([step('a', 'x', { repeatable: true })]);
    await rig.runner.perform(
      messageFor(planJob, rig.source, { unsealed: [begun('a')], resumed: true, isSameBoot: false }),
      async (event) => {
        await Promise.resolve();
        told.push(`${event.type} ${event.try}`);
      },
      { onCancel: () => {}, onCancelStep: () => {} },
    );
    expect(told).toEqual(['step.finished 1', 'sweep', 'step.started 2', 'step.finished 2']);
  });
});

describe('runner: an attempt of which only the start is in the journal', () => {
  it('takes over its first step, which may have been started, and records the intent', async () => {
    const machine = scriptedMachine(() => never);
    const planJob = job([step('a', 'x')]);
    const first = jobRig(machine.executor());
    void first.perform(planJob);
    const process = await machine.waitFor('a.1');
    machine.crash();
    rig = jobRig(machine.executor(), {}, first.root);
    const performing = rig.perform(planJob, { resumed: true });
    await process.print('after\n');
    process.exit(0);
    expect(await performing).toMatchObject({ outcome: 'succeeded' });
    expect(machine.started).toHaveLength(1);
    expect(eventNames()).toEqual(['step.started a', 'step.finished a']);
  });

  it('says in its log that output may be missing, also when no more comes', async () => {
    const machine = scriptedMachine(() => never);
    const planJob = job([step('a', 'x')]);
    const first = jobRig(machine.executor());
    void first.perform(planJob);
    const process = await machine.waitFor('a.1');
    machine.crash();
    rig = jobRig(machine.executor(), {}, first.root);
    const performing = rig.perform(planJob, { resumed: true });
    process.exit(0);
    await performing;
    expect(rig.log('a')).toContain('Sluice was restarted here');
  });

  it('loses its first step when nothing proves that it never began', async () => {
    const machine = machineOf({});
    rig = jobRig(machine.executor());
    const report = await rig.perform(job([step('a', 'x')]), { resumed: true, isSameBoot: false });
    expect(report).toMatchObject({ outcome: 'failed', cause: { kind: 'lost' } });
    expect(machine.started).toEqual([]);
    expect(eventNames()).toEqual(['step.started a', 'step.finished a']);
  });

  it('starts its first step when the machine knows nothing of it', async () => {
    const machine = machineOf({});
    rig = jobRig(machine.executor());
    expect((await rig.perform(job([step('a', 'x')]), { resumed: true })).outcome).toBe('succeeded');
    expect(machine.started.map((process) => process.spec.stepKey)).toEqual(['a.1']);
  });
});

describe('runner: a machine that refuses', () => {
  it('ends errored when the workspace cannot be made', async () => {
    on({});
    rmSync(rig.source, { recursive: true });
    const report = await rig.perform(job([step('a', 'x')]));
    expect(report).toMatchObject({ outcome: 'errored', cause: { kind: 'internal' } });
    expect(report.tail[0]).toContain('the job could not be prepared: ENOENT');
    expect(rig.events).toEqual([]);
  });

  it('ends errored when a step replaces its folder by a file', async () => {
    const report = await on({
      a: (process) => {
        const folder = dirname(process.spec.environment.SLUICE_WORKSPACE!);
        rmSync(folder, { recursive: true });
        writeFileSync(folder, 'not a folder');
        process.exit(0);
      },
    }).perform(job([step('a', 'x')]));
    expect(report).toMatchObject({ outcome: 'errored', step: 'a', cause: { kind: 'internal' } });
  });
});

describe('runner: places', () => {
  it('removes the workspace, or keeps that of a failed job and shows it', async () => {
    let shown = '';
    const onFailedPlace = (cell: string, place: { directory: string }): void => {
      shown = `${cell} ${existsSync(place.directory)}`;
    };
    on({ a: fail(1) }, { keepWorkspaces: 'failed', onFailedPlace });
    writeFileSync(join(rig.source, 'file.txt'), 'x');
    await rig.perform(job([step('a', 'x')]));
    expect(shown).toBe('build true');
    expect(readFileSync(join(rig.root, 'workspaces/r1/build.1/work/file.txt'), 'utf8')).toBe('x');
    await rig.perform(job([step('b', 'x')]), { cell: 'other' });
    await rig.runner.releaseAttempt('r1', 'build', 1);
    await rig.runner.releaseAttempt('r1', 'other', 1);
    expect(readdirSync(join(rig.root, 'workspaces/r1')).toSorted()).toEqual(['.source', 'build.1']);
    await rig.runner.releaseRun('r1');
    expect(readdirSync(join(rig.root, 'workspaces/r1/.source'))).toEqual([]);
  });

  it('removes the workspace of an attempt that an earlier owner performed', async () => {
    const first = on({});
    await first.perform(job([step('a', 'x')]));
    const later = jobRig(machineOf({}).executor(), {}, first.root);
    await later.runner.releaseAttempt('r1', 'build', 1);
    expect(readdirSync(join(first.root, 'workspaces/r1'))).toEqual(['.source']);
  });

  it('makes no log for a step that prints nothing', async () => {
    await on({}).perform(job([step('a', 'x')]));
    expect(existsSync(join(rig.root, 'data'))).toBe(false);
  });
});
