import { beforeEach, describe, expect, it } from 'vitest';
import { ScriptedWorld } from '../../../test/support/scripted-ports.ts';

const VALUE = 'Zk39-token-value';
let world: ScriptedWorld;
beforeEach(() => {
  world = new ScriptedWorld();
  world.secretValue = VALUE;
});

describe('sluice secret', () => {
  it('sets a value that it asks for, for this repository', async () => {
    expect(await world.run('secret', 'set', 'TOKEN')).toBe(0);
    expect(world.out.text).toBe('secret TOKEN is set for this repository (version 1)\n');
    expect(world.secretPrompts).toEqual(['value of TOKEN (it is not shown): ']);
    const [one, value] = [...world.secrets.kept][0]!;
    expect(one).toMatchObject({ name: 'TOKEN', repository: world.source.repository, environment: null });
    expect(value).toBe(VALUE);
  });

  it('sets and rotates in the scope that was asked for', async () => {
    await world.run('secret', 'set', 'TOKEN', '--shared', '--environment', 'production');
    expect(await world.run('secret', 'rotate', 'TOKEN', '--shared', '--environment', 'production')).toBe(0);
    expect(world.out.text).toContain('is rotated for production of every repository (version 2)');
    expect(await world.run('secret', 'rotate', 'TOKEN')).toBe(2);
  });

  it('writes an age file and says that it is to be committed', async () => {
    await world.run('secret', 'set', 'TOKEN', '--age');
    expect(world.out.text).toBe(
      'secret TOKEN is set for this repository (.sluice/secrets/TOKEN.age; commit it)\n',
    );
    expect(await world.run('secret', 'set', 'TOKEN', '--age', '--shared')).toBe(2);
  });

  it('refuses a value as an argument, says why, and does not repeat it', async () => {
    expect(await world.run('secret', 'set', 'TOKEN', VALUE)).toBe(2);
    expect(world.err.text).toContain('every user of the machine can read it');
    expect(await world.run('secret', 'set', `TOKEN=${VALUE}`)).toBe(2);
    expect(world.out.text + world.err.text).not.toContain(VALUE);
    expect(world.secretPrompts).toEqual([]);
    expect(world.secrets.kept.size).toBe(0);
  });

  it('says when an environment variable goes before the secret', async () => {
    world.environment.TOKEN = 'something';
    await world.run('secret', 'set', 'TOKEN');
    expect(world.err.text).toContain('the environment variable TOKEN is set here and goes before it');
  });

  it('lists names, scopes, versions and ages, and no value', async () => {
    await world.run('secret', 'set', 'TOKEN');
    await world.run('secret', 'set', 'KEY', '--shared', '--environment', 'production');
    world.clock.pass(3 * 86_400_000);
    await world.run('secret', 'set', 'FILE', '--age');
    world.out.text = '';
    expect(await world.run('secret', 'list')).toBe(0);
    expect(world.out.text).toMatchInlineSnapshot(`
      "name   for                             version  changed   kept in
      FILE   every repository                1        just now  .sluice/secrets
      TOKEN  this repository                 1        3d ago    store
      KEY    production of every repository  1        3d ago    store
      "
    `);
    expect(world.out.text).not.toContain(VALUE);
    world.out.text = '';
    await world.run('secret', 'list', '--json');
    expect(JSON.parse(world.out.text)).toHaveLength(3);
    expect(world.out.text).not.toContain(VALUE);
  });

  it('lists those of other repositories only when asked', async () => {
    await world.secrets.store.write('TOKEN', { repository: 'other', environment: null }, VALUE, 'set');
    await world.run('secret', 'list');
    expect(world.out.text).toBe('no secrets; set one: sluice secret set NAME\n');
    await world.run('secret', 'list', '--all');
    expect(world.out.text).toContain('TOKEN  other');
  });

  it('removes, and names the scope where the secret is when it is elsewhere', async () => {
    await world.run('secret', 'set', 'TOKEN', '--shared');
    expect(await world.run('secret', 'remove', 'TOKEN')).toBe(2);
    expect(world.err.text).toContain('sluice secret remove TOKEN --shared');
    expect(await world.run('secret', 'remove', 'TOKEN', '--shared')).toBe(0);
    expect(world.secrets.kept.size).toBe(0);
  });

  it('encrypts everything with a new key', async () => {
    await world.run('secret', 'set', 'TOKEN');
    expect(await world.run('secret', 'rotate', '--key')).toBe(0);
    expect(world.out.text).toContain('1 secret encrypted with a new key');
    expect(await world.run('secret', 'rotate', 'TOKEN', '--key')).toBe(2);
  });

  it.each([
    [['secret', 'get', 'TOKEN'], 'sluice secret cannot get'],
    [['secret', 'set'], 'sluice secret set needs a name'],
  ])('explains %j', async (argv, message) => {
    expect(await world.run(...argv)).toBe(2);
    expect(world.err.text).toContain(message);
  });
});
