import { describe, expect, it } from 'vitest';

import {
  type Act,
  collect,
  type ExecutorHarness,
  executorContract,
} from '../../test/contract/executor.contract.ts';
import { StartError } from './contract.ts';
import { type Behaviour, type ScriptedProcess, scriptedMachine } from './scripted.ts';

executorContract('scripted executor', async () => {
  const gate = Promise.withResolvers<void>();
  const machine = scriptedMachine(({ command }) => {
    if (command[0] === '/no/such/program') throw new StartError('ENOENT', 'there is no program');
    return acting(JSON.parse(command[0]!), gate.promise);
  });
  const harness: ExecutorHarness = {
    open: async () => machine.executor(),
    command: (acts) => [JSON.stringify(acts)],
    missingProgram: ['/no/such/program'],
    openGate: gate.resolve,
    startAndCrash: async (jobKey, step, until) => {
      const output = collect();
      const owner = machine.executor();
      const job = await owner.openJob({ jobKey });
      await job.start({ ...step, onOutput: output.sink });
      await output.until(until);
      machine.crash();
      return output.text();
    },
    dispose: async () => {},
  };
  return harness;
});

function acting(acts: readonly Act[], gate: Promise<void>): Behaviour {
  return async (process: ScriptedProcess) => {
    for (const act of acts) {
      if (act === 'wait') await gate;
      else if (act === 'hang') return;
      else if (act === 'ignore-term') process.onSignal(() => {});
      else if (act === 'leave-one') process.leaveBehind(1);
      else if ('print' in act) await process.print(act.print);
      else if ('exit' in act) process.exit(act.exit);
      else process.die(act.die);
    }
  };
}

describe('scripted machine', () => {
  it('makes every step succeed when it is told nothing', async () => {
    const machine = scriptedMachine();
    const job = await machine.executor().openJob({ jobKey: 'j' });
    const step = await job.start({
      stepKey: 's',
      command: ['true'],
      directory: '/',
      environment: {},
      tty: false,
      onOutput: () => {},
    });
    expect((await step.ended).exit).toEqual({ kind: 'code', code: 0 });
    expect(machine.started.map(({ spec }) => spec.command)).toEqual([['true']]);
  });

  it('lets the test decide when a step ends, and how', async () => {
    const machine = scriptedMachine(() => () => {});
    const job = await machine.executor().openJob({ jobKey: 'j' });
    const base = { command: ['x'], directory: '/', environment: {}, tty: false, onOutput: () => {} };
    const waiting = machine.waitFor('late');
    const step = await job.start({ ...base, stepKey: 'late' });
    (await waiting).vanish('the machine was switched off');
    expect((await step.ended).exit).toEqual({ kind: 'lost', reason: 'the machine was switched off' });
  });
});
