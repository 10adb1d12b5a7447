import { describe, expect, it } from 'vitest';
import { ScriptedWorld } from '../../../test/support/scripted-ports.ts';
import { userError } from '../../base/diagnostic.ts';

const FILE = `name: shop
trigger:
  branches: [main]
  events: [push]
stages:
  - name: build
    jobs:
      - name: lint
        commands: [npm run lint]
  - name: test
    depends_on: [build]
    jobs:
      - name: unit
        matrix:
          node: [20, 22]
        commands: [npm test, "docker compose up -d"]
        secrets: [NPM_TOKEN]
      - name: docs
        if: git.branch == 'main'
        commands: [make docs]
`;

function worldWith(files: Readonly<Record<string, string>>): ScriptedWorld {
  const world = new ScriptedWorld();
  for (const [path, text] of Object.entries(files)) world.files.set(`/work/shop/${path}`, text);
  return world;
}

describe('sluice plan', () => {
  it('draws what a run would do', async () => {
    const world = worldWith({ 'sluice.yaml': FILE });
    world.client.expected = { lint: 1000, unit: 60_000, docs: 5000 };
    expect(await world.run('plan')).toBe(0);
    expect(world.out.text).toContain('unit × 2');
    expect(world.out.text).toContain('with 4 workers');
    expect(world.out.text).toContain('Critical path 1m 01s');
    for (const line of world.out.text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('says that an event would not start it, and why a job would be skipped', async () => {
    const world = worldWith({ 'sluice.yaml': FILE });
    expect(await world.run('plan', '--event', 'push', '--branch', 'next')).toBe(0);
    expect(world.out.text).toMatch(/^! the event push would not start it: /);
    expect(world.out.text).toContain('skipped');
  });

  it('plans only the jobs that are asked for and what they need', async () => {
    const world = worldWith({ 'sluice.yaml': FILE });
    await world.run('plan', '--job', 'docs');
    expect(world.out.text).toContain('docs');
    expect(world.out.text).toContain('lint');
    expect(world.out.text).not.toContain('unit');
  });

  it('gives everything as JSON, in both ways to ask for it', async () => {
    const [one, other] = [worldWith({ 'sluice.yaml': FILE }), worldWith({ 'sluice.yaml': FILE })];
    await one.run('plan', '--json');
    await other.run('plan', '--format', 'json');
    expect(other.out.text).toBe(one.out.text);
    expect(JSON.parse(one.out.text)).toMatchObject({
      schemaVersion: 1,
      plan: { name: 'shop' },
      trigger: { run: true },
    });
  });

  it('draws Mermaid', async () => {
    const world = worldWith({ 'sluice.yaml': FILE });
    await world.run('plan', '--format', 'mermaid');
    expect(world.out.text).toMatch(/^flowchart /);
  });

  it('refuses a format that there is not', async () => {
    const world = worldWith({ 'sluice.yaml': FILE });
    expect(await world.run('plan', '--format', 'jsno')).toBe(2);
    expect(world.err.text).toBe('error: there is no format "jsno"\n  did you mean json?\n');
  });
});

describe('sluice validate', () => {
  it('says what is valid, with counts', async () => {
    const world = worldWith({ 'sluice.yaml': FILE, '.sluice/nightly.yaml': FILE });
    expect(await world.run('validate')).toBe(0);
    expect(world.out.text).toBe(
      '✓ sluice.yaml is valid: 2 stages, 3 jobs, 4 cells\n✓ .sluice/nightly.yaml is valid: 2 stages, 3 jobs, 4 cells\n',
    );
  });

  it('tells every problem of every file and exits with 2', async () => {
    const world = worldWith({
      'a.yaml': FILE.replace('depends_on: [build]', 'depends_on: [biuld]').replace('matrix:', 'matirx:'),
      'b.yaml': 'name: [',
    });
    expect(await world.run('validate', 'a.yaml', 'b.yaml')).toBe(2);
    expect(world.err.text).toContain('a.yaml:11:');
    expect(world.err.text).toContain('biuld');
    expect(world.err.text).toContain('matirx');
    expect(world.err.text).toContain('b.yaml:1:');
    expect(world.out.text).toMatch(/^✗ a\.yaml is not valid: \d errors\n✗ b\.yaml is not valid: 1 error\n$/);
  });

  it('tells them as JSON', async () => {
    const world = worldWith({ 'sluice.yaml': 'stages: 7\n' });
    expect(await world.run('validate', '--json')).toBe(2);
    const result = JSON.parse(world.out.text);
    expect(result).toMatchObject({ ok: false, files: [{ file: 'sluice.yaml', ok: false }] });
    expect(result.files[0].diagnostics[0]).toMatchObject({
      severity: 'error',
      place: { file: 'sluice.yaml' },
    });
  });

  it('says so when there is nothing to validate', async () => {
    const world = worldWith({});
    expect(await world.run('validate')).toBe(2);
    expect(world.err.text).toBe(
      'error: this repository has no pipeline file\n  write a first one: sluice init\n',
    );
  });
});

describe('sluice doctor', () => {
  it('tells what the pipeline expects and this machine lacks', async () => {
    const world = worldWith({ 'sluice.yaml': FILE });
    for (const program of ['git', 'npm']) world.programs.set(program, `/usr/bin/${program}`);
    expect(await world.run('doctor')).toBe(1);
    expect(world.out.text).toMatchInlineSnapshot(`
      "this machine
        ○ node         not on PATH
        ✓ git          git 1.0
        ○ perl         not on PATH
        ✓ isolation    no isolation: jobs run as this user
        ✓ store        /home/ada/.local/share/sluice, sound
        ✓ sandbox      holds: all 38 ways out are closed
        ✓ storage      /home/ada/storage, 4.8 MiB kept, 84 GiB free

      sluice.yaml expects
        ✓ sh           /bin/sh, for lint (npm run lint), unit (npm test, docker
                       compose up -d), docs (make docs)
        ✓ npm          /usr/bin/npm, for lint (npm run lint), unit (npm test)
        ✗ docker       not on PATH, for unit (docker compose up -d)
        ✗ make         not on PATH, for docs (make docs)
        ✗ NPM_TOKEN    a secret that is nowhere: sluice secret set NPM_TOKEN, for unit

      ✗ 3 things missing: docker, make, NPM_TOKEN
      "
    `);
  });

  it('is content when everything is there', async () => {
    const world = worldWith({ 'sluice.yaml': FILE });
    for (const program of ['git', 'npm', 'docker', 'make'])
      world.programs.set(program, `/usr/bin/${program}`);
    world.environment = { NPM_TOKEN: 'x' };
    expect(await world.run('doctor')).toBe(0);
    expect(world.out.text).toContain('✓ nothing is missing\n');
  });

  it('looks at the machine alone where there is no pipeline', async () => {
    const world = worldWith({});
    world.programs.set('git', '/usr/bin/git');
    expect(await world.run('doctor')).toBe(0);
    expect(world.out.text).toContain('no pipeline was looked at: there is no pipeline file here');
  });

  it('fails when the store is damaged', async () => {
    const world = worldWith({});
    world.programs.set('git', '/usr/bin/git');
    world.storeDamage = ['event 3 of run/x does not match its hash'];
    expect(await world.run('doctor')).toBe(1);
    expect(world.out.text).toContain('event 3 of run/x does not match its hash');
    expect(world.out.text).toContain('✗ the store is damaged');
  });

  it('asks for an engine where a job runs in a container, and for no program of its steps', async () => {
    const world = worldWith({
      'sluice.yaml':
        'name: x\njobs:\n  image: {image: "node:24", commands: [npm test]}\n  plain: {commands: ["true"], services: {db: "postgres:18"}}\n',
    });
    world.programs.set('git', '/usr/bin/git');
    expect(await world.run('doctor')).toBe(1);
    expect(world.out.text).toContain('✗ docker       no engine answers; start one, for image, plain');
    expect(world.out.text).not.toContain('npm');
  });

  it('tells it as JSON', async () => {
    const world = worldWith({ 'sluice.yaml': FILE });
    expect(await world.run('doctor', '--json')).toBe(1);
    expect(JSON.parse(world.out.text)).toMatchObject({
      ok: false,
      missing: ['git', 'npm', 'docker', 'make', 'NPM_TOKEN'],
      machine: { isolation: 'no isolation: jobs run as this user' },
    });
  });
});

describe('sluice init', () => {
  const commandsOf = async (files: Readonly<Record<string, string>>): Promise<Record<string, string[]>> => {
    const world = worldWith(files);
    expect(await world.run('init', '--json')).toBe(0);
    const { jobs } = JSON.parse(world.out.text) as { jobs: { name: string; commands: string[] }[] };
    world.out.text = '';
    world.err.text = '';
    const code = await world.run('validate');
    expect(world.err.text).toBe('');
    expect(code).toBe(0);
    return Object.fromEntries(jobs.map((job) => [job.name, job.commands]));
  };
  const manifest = (value: object): string => JSON.stringify(value);

  it('writes a file, says what is in it, and what to type next', async () => {
    const world = worldWith({
      'package.json': manifest({ scripts: { test: 'vitest' }, devDependencies: { vitest: '1' } }),
    });
    expect(await world.run('init')).toBe(0);
    expect(world.out.text).toMatchInlineSnapshot(`
      "✓ wrote sluice.yaml

        javascript  package.json
          npm install
          npm test

      ! not on this machine: npm; install it, or take its commands out

      next: sluice run
      "
    `);
    expect(world.files.get('/work/shop/sluice.yaml')).toMatchInlineSnapshot(`
      "# Written by \`sluice init\`. Run it with \`sluice run\`, look ahead with \`sluice plan\`.
      name: shop

      trigger:
        branches: [main]
        events: [push, pull_request]

      stages:
        - name: test
          jobs:
            # package.json
            - name: javascript
              commands:
                - npm install
                - npm test
      "
    `);
  });

  it.each(['sluice.yaml', 'pipeline.yml', 'sluice.ts'])(
    'never writes where %s is, but by force',
    async (name) => {
      const world = worldWith({ [name]: 'mine' });
      expect(await world.run('init')).toBe(2);
      expect(world.err.text).toContain(`there is a ${name} already`);
      expect(world.files.get(`/work/shop/${name}`)).toBe('mine');
      expect(await world.run('init', '--force')).toBe(0);
      expect(world.files.get('/work/shop/sluice.yaml')).toContain('stages:');
    },
  );

  it('works outside of a repository too', async () => {
    const world = worldWith({});
    const ports = world.ports();
    const { runCli } = await import('../cli.ts');
    const repository = async (): Promise<never> => {
      throw userError('no-repository', 'this is no repository');
    };
    expect(await runCli(['init'], { ...ports, cwd: '/elsewhere', repository })).toBe(0);
    expect(world.files.has('/elsewhere/sluice.yaml')).toBe(true);
  });

  it.each([
    [
      'npm with a lock',
      { 'package.json': manifest({ scripts: { lint: 'x', build: 'y' } }), 'package-lock.json': '' },
      ['npm ci', 'npm run lint', 'npm run build'],
    ],
    [
      'npm without dependencies',
      { 'package.json': manifest({ scripts: { test: 'node --test' } }) },
      ['npm test'],
    ],
    [
      'pnpm',
      { 'package.json': manifest({ scripts: { test: 'x' } }), 'pnpm-lock.yaml': '' },
      ['pnpm install --frozen-lockfile', 'pnpm run test'],
    ],
    [
      'yarn 1',
      { 'package.json': manifest({}), 'yarn.lock': '# yarn lockfile v1' },
      ['yarn install --frozen-lockfile'],
    ],
    ['yarn 4', { 'package.json': manifest({}), 'yarn.lock': '__metadata:' }, ['yarn install --immutable']],
    [
      'the test that npm writes',
      { 'package.json': manifest({ scripts: { test: 'echo "Error: no test specified" && exit 1' } }) },
      undefined,
    ],
    ['a broken package.json', { 'package.json': '{' }, undefined],
  ])('knows JavaScript: %s', async (_name, files, commands) => {
    expect((await commandsOf(files as Record<string, string>)).javascript).toEqual(commands);
  });

  const COMPILE = "-m compileall -q -x '[.]venv|node_modules' .";
  it.each([
    [
      'requirements and pytest',
      { 'requirements.txt': 'flask\n', 'tests/test_a.py': 'def test_a(): pass' },
      [
        'python3 -m venv .venv',
        '.venv/bin/pip install -r requirements.txt',
        '.venv/bin/pip install pytest',
        `.venv/bin/python ${COMPILE}`,
        '.venv/bin/python -m pytest',
      ],
    ],
    ['no tests', { 'requirements.txt': '# none\n' }, [`python3 ${COMPILE}`]],
    [
      'unittest',
      { 'setup.cfg': '', 'pyproject.toml': '[tool.ruff]\n', 'tests/test_a.py': 'import unittest\n' },
      [`python3 ${COMPILE}`, 'python3 -m unittest discover -s tests -t .'],
    ],
    [
      'a project with a group for tests',
      {
        'pyproject.toml': '[project]\nname = "x"\n[project.optional-dependencies]\ndev = ["pytest"]\n',
        'test_x.py': '',
      },
      [
        'python3 -m venv .venv',
        ".venv/bin/pip install -e '.[dev]'",
        '.venv/bin/pip install pytest',
        `.venv/bin/python ${COMPILE}`,
        '.venv/bin/python -m pytest',
      ],
    ],
    [
      'uv',
      { 'pyproject.toml': '[project]\n', 'uv.lock': '', 'test_x.py': '' },
      ['uv sync --all-extras', 'uv run pytest'],
    ],
  ])('knows Python: %s', async (_name, files, commands) => {
    expect((await commandsOf(files as unknown as Record<string, string>)).python).toEqual(commands);
  });

  it.each([
    ['go', { 'go.mod': '' }, ['go build ./...', 'go vet ./...', 'go test ./...']],
    ['rust', { 'Cargo.toml': '', 'Cargo.lock': '' }, ['cargo build --locked', 'cargo test --locked']],
    ['java', { 'pom.xml': '', mvnw: '' }, ['./mvnw --batch-mode verify']],
    ['java', { 'build.gradle.kts': '' }, ['gradle --no-daemon build']],
    ['csharp', { 'Shop.sln': '' }, ['dotnet restore', 'dotnet build --no-restore', 'dotnet test --no-build']],
    [
      'ruby',
      { Gemfile: '', 'spec/a_spec.rb': '' },
      ['bundle config set --local path vendor/bundle', 'bundle install', 'bundle exec rspec'],
    ],
    ['make', { Makefile: 'CC := gcc\nall: x\nbuild: all\ntest:\n\tgo test\n' }, ['make build', 'make test']],
    ['hello', {}, ['echo "hello from $(pwd)"']],
  ])('knows %s', async (name, files, commands) => {
    expect(await commandsOf(files as unknown as Record<string, string>)).toEqual({ [name]: commands });
  });

  it('writes a job for each language, and asks the Makefile only when there is none', async () => {
    const jobs = await commandsOf({ 'go.mod': '', 'Cargo.toml': '', Makefile: 'test:\n' });
    expect(Object.keys(jobs)).toEqual(['go', 'rust']);
  });
});
