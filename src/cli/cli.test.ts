import { describe, expect, it } from 'vitest';
import { ScriptedWorld } from '../../test/support/scripted-ports.ts';
import { VERBS } from './verbs.ts';

describe('runCli', () => {
  it('prints its version', async () => {
    const world = new ScriptedWorld();
    expect(await world.run('--version')).toBe(0);
    expect(world.out.text).toBe('1.2.3\n');
  });

  it('prints a short help without a command', async () => {
    const world = new ScriptedWorld();
    expect(await world.run()).toBe(0);
    expect(world.out.text).toMatchInlineSnapshot(`
      "Usage: sluice <command> [options]

      Takes a change from commit to production and, when it harms, back again.

      Commands:
        run           run the pipeline of this repository
        plan          show what a run would do, and why
        validate      find what is wrong in pipeline files
        facts         tell what reports say, in numbers
        gate          judge reports, and tell why gates said what they said
        verify        prove that nothing reaches production around its gates
        list          list the latest runs
        show          tell what happened in a run
        logs          print what the steps of a run printed
        rerun         do again what a run did
        resume        go on with a run whose process is gone
        cancel        stop a run, or a part of it
        approve       agree to what a run asks
        reject        object to what a run asks
        deploy        bring a release to an environment, and back when it harms
        deployment    see deployments, and answer what they ask
        rollback      go back to the last release that was proven
        rehearse      bring a release, go back and bring it again
        environment   see what serves where, its health and its drift
        artifact      find, browse, bring and keep what runs made
        cache         see and tidy what spares work
        action        see and renew which actions of others workflows run
        analysis      judge a recorded canary, to try a policy before it is trusted
        secret        keep secrets encrypted, for the jobs that ask for them
        export        write the pipeline for another system
        design        write the design document of the pipeline
        init          write a first pipeline for this project
        upkeep        remove what expired or is over its limits, and what nobody owns
        doctor        compare what the pipeline expects with this machine

      sluice <command> --help tells the options of a command, with examples.
      sluice --version prints the version.

      Begin with:
        sluice run
      "
    `);
  });

  it('prints the same help when asked for it', async () => {
    const [alone, asked, command] = [new ScriptedWorld(), new ScriptedWorld(), new ScriptedWorld()];
    await alone.run();
    expect(await asked.run('--help')).toBe(0);
    expect(await command.run('help')).toBe(0);
    expect(asked.out.text).toBe(alone.out.text);
    expect(command.out.text).toBe(alone.out.text);
  });

  it.each(VERBS.map((verb) => verb.name))(
    'has a help for %s with an example, in 80 columns',
    async (verb) => {
      const world = new ScriptedWorld();
      expect(await world.run(verb, '--help')).toBe(0);
      expect(world.out.text).toContain(`Usage: sluice ${verb}`);
      expect(world.out.text).toMatch(new RegExp(`Examples?:\n {2}sluice ${verb}`));
      expect(world.out.text).toContain('--json');
      for (const line of world.out.text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    },
  );

  it.each([
    [['rnu'], "error: unknown command 'rnu'\n(Did you mean run?)\nsee: sluice --help\n"],
    [['run', '--wach'], "error: unknown option '--wach'\n(Did you mean --watch?)\nsee: sluice run --help\n"],
    [['run', '--event'], "error: option '--event <event>' argument missing\nsee: sluice run --help\n"],
    [
      ['list', 'a'],
      "error: too many arguments for 'list'. Expected 0 arguments but got 1: a.\nsee: sluice list --help\n",
    ],
  ])('says what is wrong with %j and exits with 2', async (argv, said) => {
    const world = new ScriptedWorld();
    expect(await world.run(...argv)).toBe(2);
    expect(world.err.text).toBe(said);
    expect(world.out.text).toBe('');
  });

  it('takes shared options before and after the command', async () => {
    const [before, after] = [new ScriptedWorld(), new ScriptedWorld()];
    await before.run('--home', '/data', 'list');
    await after.run('list', '--home', '/data');
    expect(before.openedWith).toEqual({ home: '/data', workspace: null });
    expect(after.openedWith).toEqual(before.openedWith);
  });

  it('prefers the flag that stands with the command', async () => {
    const world = new ScriptedWorld();
    await world.run('--home', '/one', 'list', '--home', '/two');
    expect(world.openedWith).toEqual({ home: '/two', workspace: null });
  });

  it('tells an error as JSON too when that was asked for', async () => {
    const world = new ScriptedWorld();
    expect(await world.run('show', 'nothing', '--json')).toBe(2);
    expect(JSON.parse(world.out.text)).toEqual({
      error: 'there is no run nothing',
      diagnostics: [
        {
          severity: 'error',
          code: 'unknown-run',
          message: 'there is no run nothing',
          suggestion: 'see the runs: sluice list',
        },
      ],
    });
    expect(world.err.text).toBe('error: there is no run nothing\n  see the runs: sluice list\n');
  });

  it('exits with 3 and without a stack when it breaks itself', async () => {
    const world = new ScriptedWorld();
    world.client.list = async () => {
      throw new TypeError('x is not a function');
    };
    expect(await world.run('list')).toBe(3);
    expect(world.err.text).toBe(
      'error: Sluice itself could not go on: x is not a function\n' +
        '  look at this machine with sluice doctor; when it happens again, report the\n' +
        '  command and this line\n',
    );
  });

  it('closes the client it has opened, also after an error', async () => {
    const world = new ScriptedWorld();
    await world.run('show', 'nothing');
    expect(world.client.asked).toEqual([{ what: 'close' }]);
  });
});
