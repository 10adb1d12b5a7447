import { describe, expect, it } from 'vitest';
import { ScriptedWorld } from '../../../test/support/scripted-ports.ts';

const FILE = `name: shop
jobs:
  lint:
    commands: [npm run lint]
  unit:
    needs: lint
    silence_timeout: 5m
    commands: [npm test]
`;

function world(environment: Readonly<Record<string, string>> = {}): ScriptedWorld {
  const made = new ScriptedWorld();
  made.files.set('/work/shop/sluice.yaml', FILE);
  made.environment = { ...made.environment, ...environment };
  return made;
}

describe('sluice export', () => {
  it('prints the file, and tells both places of each loss', async () => {
    const one = world();
    expect(await one.run('export', 'gitlab')).toBe(0);
    expect(one.out.text).toContain('stages: [main]');
    expect(one.out.text).toContain('# Lost: job unit: that it ends when it prints nothing for 5m 00s;');
    const said = one.err.text.replace(/\s+/g, ' ');
    expect(said).toMatch(/1 thing is lost on gitlab.* sluice\.yaml:5 \(\.gitlab-ci\.yml:\d+\): job unit: /);
    for (const line of one.err.text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('writes the files where it is asked to', async () => {
    const one = world();
    expect(await one.run('export', 'codepipeline', '--output', 'aws/pipeline.yml')).toBe(0);
    expect([...one.files.keys()].sort()).toEqual([
      '/work/shop/aws/lint.yml',
      '/work/shop/aws/pipeline.yml',
      '/work/shop/aws/unit.yml',
      '/work/shop/sluice.yaml',
    ]);
    expect(one.out.text).toBe('');
  });

  it('gives files and losses as JSON', async () => {
    const one = world();
    expect(await one.run('export', 'jenkins', '--json')).toBe(0);
    const { target, files, losses } = JSON.parse(one.out.text);
    expect(target).toBe('jenkins');
    expect(files).toMatchObject([{ path: 'Jenkinsfile' }]);
    const lost = losses.find(({ feature }: { feature: string }) => feature === 'job.silenceTimeoutMs');
    expect(lost).toMatchObject({ file: 'Jenkinsfile', place: { file: 'sluice.yaml', start: { line: 5 } } });
    expect(files[0].text.split('\n')[lost.line - 1]).toContain(lost.message);
  });

  it.each([
    [{ CI_PROVIDER: 'gitlab_ci' }, 'gitlab'],
    [{ CI_PROVIDER: 'github_actions', GITLAB_CI: 'true' }, 'github'],
    [{ GITHUB_ACTIONS: 'true' }, 'github'],
    [{ GITLAB_CI: 'true' }, 'gitlab'],
    [{ JENKINS_URL: 'http://x' }, 'jenkins'],
    [{ CIRCLECI: 'true' }, 'circleci'],
    [{ TF_BUILD: 'True' }, 'azure'],
    [{ CODEBUILD_BUILD_ID: 'a:b' }, 'codepipeline'],
  ])('writes for the system that %o means', async (environment, target) => {
    const one = world(environment);
    expect(await one.run('export', '--json')).toBe(0);
    expect(JSON.parse(one.out.text).target).toBe(target);
  });

  it('refuses a system that it does not know, and asks when none is said', async () => {
    const wrong = world();
    expect(await wrong.run('export', 'gitlap')).toBe(2);
    expect(wrong.err.text).toContain('did you mean gitlab?');
    const none = world();
    expect(await none.run('export')).toBe(2);
    expect(none.err.text.replace(/\s+/g, ' ')).toContain('name one of github, gitlab, jenkins');
  });
});
