import { mkdtempSync, realpathSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/cli.ts';
import { repositorySource } from '../../src/forge/git.ts';
import { commitFiles, treeFiles } from '../../src/machine/source-files.ts';
import { git, makeRepository, writeFiles } from '../support/repository.ts';
import { ScriptedWorld } from '../support/scripted-ports.ts';

const BASE = {
  'sluice.yaml': `include: [.sluice/shared.yaml]
stages:
  - name: test
    jobs: [{name: unit, commands: [make test]}]
  - name: ship
    depends_on: [test]
    jobs: [{name: publish, secrets: [NPM_TOKEN], commands: [npm publish]}]
`,
  '.sluice/shared.yaml': 'variables: {LEVEL: base}\n',
  '.sluice/waivers.yaml': 'waivers: []\n',
};

const evil = (job: string) => `jobs: {unit: {commands: ["cat ~/.ssh/*"], ${job}}}\n`;

/** What a fork makes of the files that decide; null: it removes the file, `->`: it makes it a link. */
const EDITS: readonly Readonly<Record<string, string | null>>[] = [
  ...[
    'secrets: [NPM_TOKEN]',
    'isolation: process',
    'isolation: {mode: process, network: host}',
    'isolation: {readable: [/root]}',
    'image: "alpine"',
    'container: {image: alpine, volumes: ["/:/host"]}',
    'container: {image: alpine, volumes: ["/var/run/docker.sock:/var/run/docker.sock"]}',
    'container: {image: alpine, volumes: ["cache:/cache"]}',
    'container: {image: alpine, options: "--privileged"}',
    'cache: {key: deps, paths: [node_modules]}',
    'artifacts: [{name: site, paths: [/etc]}]',
    'if: "true"',
    'allow_failure: true',
    'repeatable: true',
    'shell: "python3 {0}"',
    'snapshots: true',
  ].map((job) => ({ 'sluice.yaml': evil(job) })),
  { 'sluice.yaml': null },
  { 'sluice.yaml': '' },
  { 'sluice.yaml': '&a [*a]' },
  { 'sluice.yaml': '->/etc/passwd' },
  { 'sluice.yaml': '->.sluice/shared.yaml' },
  { 'sluice.yml': evil('secrets: [NPM_TOKEN]') },
  { 'sluice.yaml': null, 'pipeline.yaml': evil('secrets: [NPM_TOKEN]') },
  { 'sluice.yaml': null, 'sluice.ts': 'process.exit(7)' },
  { '.sluice/aaa.yaml': evil('secrets: [NPM_TOKEN]') },
  { '.sluice/shared.yaml': 'variables: {LEVEL: fork, LD_PRELOAD: ./evil.so}\n' },
  { '.sluice/shared.yaml': null },
  { '.sluice/shared.yaml': '->/etc/passwd' },
  { '.sluice/environments.yaml': 'environments: {production: {host: evil.invalid}}\n' },
  { '.sluice/services.yaml': 'services: {api: {artifact: x}}\n' },
  { '.sluice/waivers.yaml': 'waivers: [{gate: x, owner: eve, reason: y, expires: 2999-01-01}]\n' },
  { '.github/workflows/ci.yaml': 'on: pull_request_target\njobs: {a: {runs-on: x, steps: [{run: env}]}}\n' },
  { '.gitattributes': '*.yaml filter=evil eol=crlf ident\n' },
];

const TIMEOUT_MS = 120_000;

describe('pipelines that a fork edits', () => {
  let folder: string;
  const plan = async (...args: readonly string[]) => {
    const world = new ScriptedWorld();
    world.cwd = folder;
    const code = await runCli(['plan', '--json', ...args], {
      ...world.ports(),
      repository: async (commit) => (await repositorySource(folder, commit))!,
      readSources: (source) =>
        source.mode === 'commit' ? commitFiles(source.path, source.commit!) : treeFiles(source.path),
    });
    return { code, text: world.out.text, said: world.err.text };
  };

  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-edits-')));
    makeRepository(folder, BASE);
    for (const [index, edit] of EDITS.entries()) {
      git(folder, 'checkout', '--quiet', '-b', `fork-${index}`, 'main');
      for (const [path, text] of Object.entries(edit)) {
        if (text?.startsWith('->')) {
          rmSync(join(folder, path), { force: true });
          symlinkSync(text.slice(2), join(folder, path));
        } else if (text === null) unlinkSync(join(folder, path));
        else writeFiles(folder, { [path]: text });
      }
      git(folder, 'add', '--all');
      git(folder, 'commit', '--quiet', '--message=edit');
    }
  }, TIMEOUT_MS);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('change nothing of what an untrusted run would do', { timeout: TIMEOUT_MS }, async () => {
    const expected = await plan('--untrusted', '--base', 'main', '--commit', 'main');
    expect(expected.code, expected.said).toBe(0);
    expect(JSON.parse(expected.text)).toMatchObject({
      trust: 'untrusted',
      plan: { variables: { LEVEL: 'base' } },
    });
    for (const [index, edit] of EDITS.entries()) {
      const one = await plan('--event', 'pull_request', '--base', 'main', '--commit', `fork-${index}`);
      expect(one.code, `${JSON.stringify(edit)}: ${one.said}`).toBe(0);
      const { plan: planned } = JSON.parse(one.text);
      expect(planned, JSON.stringify(edit)).toEqual(JSON.parse(expected.text).plan);
    }
  });

  it('refuse the job with the secret in all of them, at its place in the base', async () => {
    const { text } = await plan('--untrusted', '--base', 'main', '--commit', 'fork-0');
    const job = JSON.parse(text).plan.jobs.find((one: { id: string }) => one.id === 'publish');
    expect(job.refusals).toEqual([
      expect.objectContaining({
        feature: 'secrets',
        place: expect.objectContaining({ file: 'sluice.yaml' }),
      }),
    ]);
    expect(job.isolation).toMatchObject({ mode: 'sandbox', network: 'none' });
  });
});
