import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Trigger } from './plan.ts';
import { matchTriggers, type TriggerEvent } from './trigger.ts';
import { isSelected } from './trigger-pattern.ts';

const push: TriggerEvent = { name: 'push', branch: 'main', tag: null, changedPaths: null };

function trigger(event: Trigger['event'], filters: Partial<Trigger> = {}): Trigger {
  return {
    event,
    branches: [],
    branchesIgnore: [],
    tags: [],
    paths: [],
    pathsIgnore: [],
    cron: null,
    ...filters,
  };
}

describe('isSelected', () => {
  // The examples of GitHub's own cheat sheet for filter patterns.
  it.each([
    ['feature/*', ['feature/my-branch', 'feature/your-branch'], ['feature/a/b', 'feature']],
    ['feature/**', ['feature/beta-a/my-branch', 'feature/mona/the/octocat'], ['features/x']],
    ['main', ['main'], ['main2', 'x/main']],
    ['*', ['main', 'releases'], ['feature/x']],
    ['**', ['all/the/branches', 'every/tag', 'main'], []],
    ['*feature', ['mona-feature', 'feature', 'ver-10-feature'], ['feature2']],
    ['v2*', ['v2', 'v2.0', 'v2.9'], ['v1']],
    ['v[12].[0-9]+.[0-9]+', ['v1.10.1', 'v2.0.0'], ['v3.0.0', 'v1.x.0']],
    ['*.jsx?', ['page.js', 'page.jsx'], ['page.jsy', 'a/page.js']],
    ['**.js', ['index.js', 'js/index.js', 'src/js/app.js'], ['index.ts']],
    ['docs/*', ['docs/README.md', 'docs/file.txt'], ['docs/a/b.md']],
    [
      'docs/**/*.md',
      ['docs/README.md', 'docs/mona/hello-world.md', 'docs/a/markdown/file.md'],
      ['docs/a.txt'],
    ],
    ['**/docs/**', ['docs/hello.md', 'dir/docs/my-file.txt', 'space/docs/plan/space.doc'], ['doc/x']],
    ['**/README.md', ['README.md', 'js/README.md'], ['README']],
    ['**/*src/**', ['a/src/app.js', 'my-src/code/js/app.js'], ['srcs/x']],
    ['**/*-post.md', ['my-post.md', 'path/their-post.md'], ['post.md']],
    [
      '**/migrate-*.sql',
      ['migrate-10909.sql', 'db/migrate-v1.0.sql', 'db/sept/migrate-v1.sql'],
      ['migrate.sql'],
    ],
  ])('reads %s as GitHub does', (pattern, selected, others) => {
    for (const name of selected) expect(isSelected(name, [pattern]), name).toBe(true);
    for (const name of others) expect(isSelected(name, [pattern]), name).toBe(false);
  });

  it('lets the last pattern that matches decide', () => {
    const releases = ['releases/**', '!releases/**-alpha'];
    expect(isSelected('releases/10', releases)).toBe(true);
    expect(isSelected('releases/beta/3-alpha', releases)).toBe(false);
    const readme = ['*.md', '!README.md', 'README*'];
    expect(isSelected('README.md', readme)).toBe(true);
    expect(isSelected('README.md', readme.slice(0, 2))).toBe(false);
  });

  it('selects nothing by negations alone', () => {
    expect(isSelected('main', ['!release'])).toBe(false);
  });

  it('takes a choice in braces, and other brackets and signs as they are', () => {
    expect(isSelected('src/a.ts', ['src/*.{ts,js}'])).toBe(true);
    expect(isSelected('a(b)|c$^', ['a(b)|c$^'])).toBe(true);
    expect(isSelected('ac', ['a(b)|c'])).toBe(false);
    expect(isSelected('{a}', ['{a}'])).toBe(true);
    expect(isSelected('.github/x', ['**'])).toBe(true);
  });
});

describe('isSelected, for any pattern', () => {
  it('never throws and finds a name by itself', () => {
    const plain = fc.stringMatching(/^[a-z0-9/._-]{1,20}$/);
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), plain, (pattern, name) => {
        isSelected(name, [pattern]);
        expect(isSelected(name, [name])).toBe(true);
        expect(isSelected(name, ['**'])).toBe(true);
        expect(isSelected(name, ['*'])).toBe(!name.includes('/'));
      }),
    );
  });

  it('stays quick where a regular expression would not', () => {
    const startMs = performance.now();
    for (const pattern of [
      '**a**a**a**a**a**a**a**b',
      '*a*a*a*a*a*a*a*b',
      '**/**/**/**/**/**/b',
      'a+a+a+a+a+a+b',
    ]) {
      expect(isSelected('a'.repeat(250), [pattern])).toBe(false);
      expect(isSelected('a/'.repeat(120), [pattern])).toBe(false);
    }
    expect(isSelected('x', [`${'{a,b}'.repeat(1000)}`])).toBe(false);
    expect(performance.now() - startMs).toBeLessThan(1000);
  });
});

describe('matchTriggers', () => {
  it('runs for every event when there is no trigger', () => {
    expect(matchTriggers([], push)).toEqual({
      run: true,
      sentence: 'the pipeline has no triggers, so every event runs it',
    });
  });

  it('always runs when started by hand', () => {
    const manual: TriggerEvent = { ...push, name: 'manual' };
    expect(matchTriggers([trigger('push', { branches: ['release'] })], manual)).toEqual({
      run: true,
      sentence: 'it was started by hand',
    });
  });

  it('says which events there are triggers for', () => {
    expect(
      matchTriggers([trigger('push'), trigger('schedule'), trigger('push')], {
        ...push,
        name: 'pull_request',
      }),
    ).toEqual({
      run: false,
      sentence: 'no trigger is for pull_request; there are push, schedule',
    });
  });

  it('filters branches', () => {
    const triggers = [trigger('push', { branches: ['release/**', 'main'] })];
    expect(matchTriggers(triggers, push).run).toBe(true);
    expect(matchTriggers(triggers, { ...push, branch: 'topic' })).toEqual({
      run: false,
      sentence: 'branch topic does not match branches: release/**, main',
    });
    const ignoring = [trigger('push', { branchesIgnore: ['dependabot/**'] })];
    expect(matchTriggers(ignoring, push).run).toBe(true);
    expect(matchTriggers(ignoring, { ...push, branch: 'dependabot/npm/x' })).toEqual({
      run: false,
      sentence: 'branch dependabot/npm/x matches branches_ignore: dependabot/**',
    });
  });

  it('keeps tags and branches apart as GitHub does', () => {
    const tag: TriggerEvent = { name: 'tag', branch: null, tag: 'v1.2.0', changedPaths: [] };
    const asPush: TriggerEvent = { ...tag, name: 'push' };
    for (const event of [tag, asPush]) {
      expect(matchTriggers([trigger('push')], event).run).toBe(true);
      expect(matchTriggers([trigger('tag')], event).run).toBe(true);
      expect(matchTriggers([trigger('push', { branches: ['**'] })], event).run).toBe(false);
      expect(matchTriggers([trigger('push', { branches: ['main'], tags: ['v*'] })], event).run).toBe(true);
      expect(matchTriggers([trigger('tag', { tags: ['w*'] })], event)).toEqual({
        run: false,
        sentence: 'tag v1.2.0 does not match tags: w*',
      });
      expect(matchTriggers([trigger('push', { paths: ['src/**'] })], event).run).toBe(true);
    }
    expect(matchTriggers([trigger('push', { tags: ['v*'] })], push)).toEqual({
      run: false,
      sentence: 'the trigger push is for tags, and main is a branch',
    });
    expect(matchTriggers([trigger('tag')], push).run).toBe(false);
  });

  it('filters changed files, and runs when they are not known', () => {
    const triggers = [trigger('push', { paths: ['src/**', '!src/**.md'] })];
    expect(matchTriggers(triggers, { ...push, changedPaths: ['README.md', 'src/a/b.ts'] })).toEqual({
      run: true,
      sentence: 'src/a/b.ts changed',
    });
    expect(matchTriggers(triggers, { ...push, changedPaths: ['README.md', 'src/x/y.md'] })).toEqual({
      run: false,
      sentence: 'not needed: none of 2 changed files matches paths: src/**, !src/**.md',
    });
    expect(matchTriggers(triggers, push).run).toBe(true);
    expect(matchTriggers(triggers, { ...push, changedPaths: [] }).run).toBe(false);
  });

  it('runs for ignored paths only when something else changed too', () => {
    const triggers = [trigger('pull_request', { pathsIgnore: ['docs/**'] })];
    const request: TriggerEvent = { ...push, name: 'pull_request' };
    expect(matchTriggers(triggers, { ...request, changedPaths: ['docs/a.md'] }).run).toBe(false);
    expect(matchTriggers(triggers, { ...request, changedPaths: ['docs/a.md', 'a.ts'] }).run).toBe(true);
  });

  it('runs when one of several triggers lets it', () => {
    const triggers = [trigger('push', { branches: ['release'] }), trigger('push', { branches: ['main'] })];
    expect(matchTriggers(triggers, push).run).toBe(true);
  });

  it('asks for the kind of activity as far as the payload says it', () => {
    const triggers = [trigger('release', { types: ['published'] })];
    const release: TriggerEvent = { ...push, name: 'release' };
    expect(matchTriggers(triggers, { ...release, action: 'published' }).run).toBe(true);
    expect(matchTriggers(triggers, release).run).toBe(true);
    expect(matchTriggers(triggers, { ...release, action: 'created' })).toEqual({
      run: false,
      sentence: 'the action created does not match types: published',
    });
  });

  it.each(['schedule', 'api'] as const)('asks nothing more of %s', (name) => {
    expect(matchTriggers([trigger(name)], { ...push, name }).run).toBe(true);
  });
});
