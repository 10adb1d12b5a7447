import { describe, expect, it } from 'vitest';
import { ScriptedWorld } from '../../../test/support/scripted-ports.ts';

const COMMIT = 'a'.repeat(40);

describe('sluice action', () => {
  it('lists what is pinned and what moved', async () => {
    const world = new ScriptedWorld();
    expect(await world.run('action')).toBe(0);
    expect(world.out.text).toBe('no action of others is pinned; their first use does it\n');
    const pin = { repository: 'acme/setup', ref: 'v1', commit: COMMIT, content: `sha256:${'0'.repeat(64)}` };
    world.pinnedActions = [
      { ...pin, kind: 'tag', isHere: true, movedTo: 'b'.repeat(40) },
      { ...pin, ref: 'x', kind: 'folder', commit: null, isHere: false, movedTo: null },
    ];
    const again = new ScriptedWorld();
    again.pinnedActions = world.pinnedActions;
    expect(await again.run('action', 'list')).toBe(0);
    expect(again.out.text).toMatchInlineSnapshot(`
      "action         kind    pinned        state
      acme/setup@v1  tag     aaaaaaaaaaaa  now bbbbbbbbbbbb
      acme/setup@x   folder  000000000000  not here
      "
    `);
  });

  it('renews by name, and refuses words that it does not know', async () => {
    const world = new ScriptedWorld();
    expect(await world.run('action', 'update', 'acme/setup@v1')).toBe(0);
    expect(world.out.text).toBe('acme/setup@v1 is cccccccccccc\n');
    expect(await world.run('action', 'renew')).toBe(2);
    expect(world.err.text).toContain('sluice action cannot renew');
  });
});

describe('sluice doctor, of a workflow', () => {
  it('tells of each action where it is, and of tools that adapters use', async () => {
    const world = new ScriptedWorld();
    world.programs.set('git', '/usr/bin/git').set('bash', '/bin/bash');
    world.mirrored.add('acme/mirrored');
    world.files.set(
      `${world.cwd}/.github/workflows/ci.yml`,
      `on: push
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-go@v5
      - uses: acme/mirrored@v1
      - uses: acme/missing@v1
      - uses: ./here
      - uses: docker://alpine:3
`,
    );
    world.files.set(`${world.cwd}/here/action.yml`, 'runs: {}');
    expect(await world.run('doctor', '--json')).toBe(1);
    const { missing, pipeline } = JSON.parse(world.out.text);
    expect(missing).toEqual(['go', 'docker', 'acme/missing@v1']);
    expect(pipeline.expects).toMatchObject([
      { kind: 'program', name: 'go' },
      { kind: 'engine', name: 'docker' },
      { kind: 'action', name: 'acme/mirrored@v1', found: '/mirror/acme/mirrored.git' },
      { kind: 'action', name: 'acme/missing@v1', found: null },
      { kind: 'action', name: './here', found: 'in this repository' },
    ]);
  });
});
