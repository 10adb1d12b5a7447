import { describe, expect, it } from 'vitest';
import { ScriptedWorld } from '../../test/support/scripted-ports.ts';

const WORKFLOW = `name: CI
on: [push]
jobs:
  build: {runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v4}, {run: make}]}
  test:
    needs: build
    runs-on: ubuntu-latest
    strategy: {matrix: {node: [22, 24]}}
    steps: [{run: npm test}]
`;

function worldWith(files: Readonly<Record<string, string>>): ScriptedWorld {
  const world = new ScriptedWorld();
  for (const [path, text] of Object.entries(files)) world.files.set(`${world.cwd}/${path}`, text);
  return world;
}

describe('a repository with GitHub workflows only', () => {
  it('has them validated and planned without being asked', async () => {
    const world = worldWith({ '.github/workflows/ci.yml': WORKFLOW });
    expect(await world.run('validate')).toBe(0);
    expect(world.out.text).toContain('.github/workflows/ci.yml is valid: 1 stage, 2 jobs, 3 cells');
    expect(await world.run('plan')).toBe(0);
    expect(world.out.text).toContain('after build');
  });

  it('is told which workflows there are when there are several', async () => {
    const world = worldWith({
      '.github/workflows/ci.yml': WORKFLOW,
      '.github/workflows/release.yml': WORKFLOW.replace('CI', 'Release'),
    });
    expect(await world.run('plan')).toBe(2);
    expect(world.err.text).toContain('.github/workflows/release.yml');
    expect(await world.run('plan', 'Release')).toBe(0);
    expect(await world.run('validate', 'Release')).toBe(0);
    expect(world.out.text).toContain('.github/workflows/release.yml is valid');
  });

  it('has a workflow named by its file alone, where there is no such file at the top', async () => {
    const world = worldWith({ '.github/workflows/ci.yml': WORKFLOW });
    expect(await world.run('validate', 'ci.yml')).toBe(0);
    expect(world.out.text).toContain('.github/workflows/ci.yml is valid');
    expect(await world.run('validate', 'other.yml')).toBe(2);
    expect(world.err.text).toContain('no pipeline file `other.yml`');
  });

  it('is shown the place of a mistake', async () => {
    const world = worldWith({ '.github/workflows/ci.yml': WORKFLOW.replace('needs: build', 'needs: biuld') });
    expect(await world.run('validate')).toBe(2);
    expect(world.err.text).toContain('.github/workflows/ci.yml:6:12');
    expect(world.err.text).toContain('did you mean `build`?');
  });

  it('is run for every event that it names, also in the words of GitHub', async () => {
    const world = worldWith({
      '.github/workflows/ci.yml': WORKFLOW.replace('[push]', '{release: {types: [published]}}'),
    });
    world.files.set('/payload.json', '{"action": "created"}');
    expect(await world.run('plan', '--event', 'release')).toBe(0);
    expect(world.out.text).not.toContain('would not start it');
    expect(await world.run('plan', '--event', 'release', '--payload', '/payload.json')).toBe(0);
    expect(world.out.text).toMatch(/the action created does not match types:\s+published/);
    expect(await world.run('plan', '--event', 'workflow_dispatch')).toBe(0);
    expect(await world.run('plan', '--event', 'relase')).toBe(2);
    expect(world.err.text).toContain('did you mean release?');
  });

  it('is run for the event that is most likely meant, and told which', async () => {
    const said = async (on: string, ...more: string[]) => {
      const world = worldWith({ '.github/workflows/ci.yml': WORKFLOW.replace('[push]', on) });
      expect(await world.run('plan', ...more)).toBe(0);
      return world.err.text.trim();
    };
    expect(await said('[push, workflow_dispatch]')).toBe(
      'the event is workflow_dispatch; another: --event push',
    );
    expect(await said('[pull_request, push]')).toBe(
      'the event is push of main; another: --event pull_request',
    );
    expect(await said('[push]')).toBe('the event is push of main');
    expect(await said('{push: {branches: [release]}, pull_request: }')).toBe(
      'the event is workflow_dispatch, which the workflow does not name; another: --event push',
    );
    expect(await said('{schedule: [{cron: "0 4 * * *"}]}')).toBe('the event is schedule');
    expect(await said('{workflow_call: }')).toBe(
      'the event is workflow_dispatch, which the workflow does not name',
    );
    expect(await said('[push]', '--event', 'push')).toBe('');
  });

  it('has a push without more of its branch, not of the tag that its commit has too', async () => {
    const world = worldWith({
      '.github/workflows/ci.yml': WORKFLOW.replace('[push]', '{push: {branches: [main]}}'),
    });
    world.source = { ...world.source, tag: 'v1' };
    expect(await world.run('plan', '--event', 'push')).toBe(0);
    expect(world.out.text).not.toContain('would not start it');
    expect(await world.run('plan', '--tag', 'v1')).toBe(0);
    expect(world.out.text).toMatch(/the trigger push is for branches, and v1 is\s+a tag/);
  });

  it('is told of its events and keys in the words of GitHub', async () => {
    const world = worldWith({
      '.github/workflows/ci.yml': WORKFLOW.replace(
        '[push]',
        '{push: {branches-ignore: [main]}, workflow_dispatch: }',
      ),
    });
    expect(await world.run('plan', '--event', 'push')).toBe(0);
    expect(world.out.text).toMatch(/branch main matches\s+branches-ignore: main/);
    expect(await world.run('plan', '--event', 'api')).toBe(0);
    expect(world.out.text).toMatch(
      /event repository_dispatch would not start it: no trigger is for\s+repository_dispatch; there are push, workflow_dispatch/,
    );
  });
});
