import { describe, expect, it } from 'vitest';
import { ScriptedWorld } from '../support/scripted-ports.ts';

const FILE = 'jobs: {test: {commands: [make]}}\n';

function world(): ScriptedWorld {
  const made = new ScriptedWorld();
  made.files.set('/work/shop/sluice.yaml', FILE);
  return made;
}

const REVISIONS = [
  '-x',
  '--output=/tmp/x',
  '--upload-pack=touch /tmp/x',
  '--exec=id',
  '-c core.fsmonitor=id',
  '--end-of-options',
  '@',
  '@{upstream}',
  '@/etc/passwd',
  '@./secrets.env',
  'ext::sh -c id',
  'ext::sh% -c% id',
  'fd::7',
  'file::/etc/passwd',
  'main@{1}',
  'main..fork',
  ':/message',
  'HEAD:sluice.yaml',
  '$(id)',
  'main\n--exec=id',
];
const REFS = [
  '-main',
  '--force',
  '@',
  '@main',
  '@{-1}',
  'ext::sh -c id',
  'a b',
  'a\nb',
  'a..b',
  'x'.repeat(300),
];
const FILES = ['@payload.json', '-payload.json', '--output=x', '@/etc/passwd', '-'];

/** Each with the flag that it is given to. */
const ARGUMENTS = [
  ...REVISIONS.flatMap((text) => [['--commit', text] as const, ['--base', text] as const]),
  ...REFS.flatMap((text) => [['--branch', text] as const, ['--tag', text] as const]),
  ...FILES.map((text) => ['--payload', text] as const),
];

describe('arguments that could be a file, an option or a program', () => {
  it('are at least 40', () => expect(ARGUMENTS.length).toBeGreaterThanOrEqual(40));

  it.each(ARGUMENTS)('%s %j is refused by name, and nothing is asked or started', async (flag, text) => {
    for (const verb of ['run', 'plan']) {
      const one = world();
      expect(await one.run(verb, `${flag}=${text}`)).toBe(2);
      expect(one.err.text).toContain(flag);
      expect(one.askedCommits).toEqual([]);
      expect(one.client.asked.filter(({ what }) => what !== 'close')).toEqual([]);
    }
  });

  it.each(REFS.filter((text) => text !== 'x'.repeat(300)))(
    'the base %j of a payload is refused by name',
    async (ref) => {
      const one = world();
      const payload = {
        pull_request: { base: { ref, sha: '--exec=id', repo: { id: 1 } }, head: { repo: { id: 2 } } },
      };
      one.files.set('/work/shop/event.json', JSON.stringify(payload));
      expect(await one.run('run', '--event', 'pull_request', '--payload', 'event.json')).toBe(2);
      expect(one.err.text).toMatch(/the base in the payload|exactly a commit/);
      expect(one.askedCommits).toEqual([null]);
    },
  );

  it.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"x"'],
    ['nothing', ''],
    ['a nest', `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`],
    ['a deep list', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('a payload that is %s is refused by name', async (_, text) => {
    const one = world();
    one.files.set('/work/shop/event.json', text);
    expect(await one.run('run', '--event', 'push', '--payload', 'event.json')).toBe(2);
    expect(one.err.text).toContain('event.json');
    expect(one.askedCommits).toEqual([]);
  });
});
