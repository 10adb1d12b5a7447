import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { shorten } from '../src/cli/row.ts';
import type { RunView } from '../src/client/run-view.ts';
import { openWorkflowReader } from '../src/main/workflow-reader.ts';
import { nativeActionOf } from '../src/pipeline/github/action/native-action.ts';
import type { Plan } from '../src/pipeline/plan.ts';
import { usesText } from '../src/pipeline/plan-action.ts';

/**
 * Reads the workflows of public repositories and runs some of them, offline, and writes down what came of it:
 *
 *     node tools/compatibility.ts FOLDER --run OWNER/NAME:WORKFLOW[:EVENT] ... [--output docs/compatibility.md]
 *
 * FOLDER holds clones, bare or not, as `OWNER/NAME`, or `OWNER+NAME` with the repository in it or in `repo` below it.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    run: { type: 'string', multiple: true, default: [] },
    output: { type: 'string' },
  },
});

const PROGRAM = fileURLToPath(new URL('../bin/start.cjs', import.meta.url));
/** Nothing listens there. */
const NOWHERE = 'http://127.0.0.1:9';
const RUN_LIMIT_MS = 15 * 60_000;
const CAUSE_WIDTH = 160;

interface Repository {
  readonly name: string;
  readonly directory: string;
  readonly commit: string;
}

const [folder] = positionals;
if (folder === undefined) throw new Error('name the folder of the repositories');
const { loadWorkflow } = await openWorkflowReader();
const repositories = repositoriesIn(folder);
const runs = values.run.flatMap((text) => runOf(text));
const text = [HEAD(), ...runTable(runs), ...planTable(repositories)].join('\n');
if (values.output) writeFileSync(values.output, `${text}\n`);
else process.stdout.write(`${text}\n`);

function HEAD(): string {
  return `# Workflows of others

Written by \`node tools/compatibility.ts\` from clones of public repositories, which are no part of this one. Runs were offline and without
mirrors of actions: what a run needs of the network is told as the reason why a step failed. The workflows were not changed.
`;
}

function repositoriesIn(root: string): readonly Repository[] {
  const found: Repository[] = [];
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const name of folders.map((entry) => entry.name).sort()) {
    const places = name.includes('+')
      ? [[name.replace('+', '/'), join(root, name)] as const]
      : readdirSync(join(root, name)).map(
          (inner) => [`${name}/${inner.replace(/\.git$/, '')}`, join(root, name, inner)] as const,
        );
    for (const [full, place] of places) {
      const directory = existsSync(join(place, 'repo')) ? join(place, 'repo') : place;
      const commit = tryGit(directory, ['rev-parse', '--verify', '--quiet', 'HEAD']);
      if (commit !== null) found.push({ name: full, directory, commit: commit.trim() });
    }
  }
  return found;
}

function tryGit(directory: string, words: readonly string[]): string | null {
  const { status, stdout } = spawnSync('git', ['-C', directory, ...words], { maxBuffer: 256 * 1024 * 1024 });
  return status === 0 ? stdout.toString() : null;
}

/** Every workflow of the repositories, and whether it can be planned. */
function planTable(all: readonly Repository[]): string[] {
  const rows: string[] = [];
  let [files, planned] = [0, 0];
  let wholly = 0;
  const having = all.flatMap((repository) => {
    const listed =
      tryGit(repository.directory, ['ls-tree', '-r', '--name-only', 'HEAD', '.github/workflows/']) ?? '';
    const paths = listed.split('\n').filter((path) => /^\.github\/workflows\/[^/]+\.ya?ml$/.test(path));
    return paths.length === 0 ? [] : [{ repository, paths }];
  });
  for (const { repository, paths } of having) {
    const bad: string[] = [];
    const others = new Set<string>();
    let jobs = 0;
    for (const path of paths) {
      files++;
      const loaded = loadWorkflow(path, { read: (file) => contentOf(repository, file) });
      if (!loaded.ok) {
        const [first] = loaded.diagnostics.filter(({ severity }) => severity === 'error');
        const line = first?.place ? `:${first.place.start.line}` : '';
        bad.push(`\`${path.split('/').at(-1)}${line}\`: ${cell(first?.message ?? 'no reason')}`);
        continue;
      }
      planned++;
      jobs += loaded.value.jobs.length;
      for (const name of othersOf(loaded.value)) others.add(name);
    }
    if (bad.length === 0) wholly++;
    const what = bad.length === 0 ? 'all' : bad.join('<br>');
    rows.push(
      `| ${repository.name} ${repository.commit.slice(0, 10)} | ${paths.length} | ${jobs} | ${what} | ${others.size} |`,
    );
  }
  return [
    '## Read and planned',
    '',
    `${files} workflows of ${having.length} repositories; ${planned} can be planned, and all of ${wholly} repositories.`,
    '*Actions of others*: those that Sluice does not perform itself; they come from a mirror or the forge.',
    '',
    '| repository and commit | workflows | jobs | planned, or why not | actions of others |',
    '|---|---|---|---|---|',
    ...rows,
  ];
}

function contentOf({ directory }: Repository, path: string): Uint8Array | null {
  const { status, stdout } = spawnSync('git', ['-C', directory, 'show', `HEAD:${path}`], {
    maxBuffer: 16 * 1024 * 1024,
  });
  return status === 0 ? stdout : null;
}

function othersOf(plan: Plan): readonly string[] {
  return plan.jobs.flatMap(({ steps }) =>
    steps.flatMap(({ uses }) =>
      uses !== null && uses.kind !== 'local' && nativeActionOf(uses) === null ? [usesText(uses)] : [],
    ),
  );
}

interface Ran {
  readonly repository: Repository;
  readonly workflow: string;
  readonly event: string;
  readonly view: RunView;
}

function runOf(asked: string): Ran[] {
  const [name, workflow, event = 'push'] = asked.split(':') as [string, string, string?];
  const repository = repositories.find((one) => one.name === name);
  if (!repository) throw new Error(`there is no ${name} in ${folder}`);
  const place = mkdtempSync(join(tmpdir(), 'sluice-compatibility-'));
  try {
    const clone = join(place, 'clone');
    // A push of a commit that has a tag could be the one or the other.
    execFileSync('git', ['clone', '--quiet', '--no-tags', '--', repository.directory, clone]);
    execFileSync('git', ['-C', clone, 'remote', 'set-url', 'origin', `https://github.com/${name}`]);
    const environment = {
      ...process.env,
      SLUICE_HOME: join(place, 'home'),
      GITHUB_SERVER_URL: '',
      SLUICE_ACTIONS: '',
      // What would be brought from the network fails at once.
      HTTP_PROXY: NOWHERE,
      HTTPS_PROXY: NOWHERE,
    };
    const sluice = (...words: readonly string[]) =>
      spawnSync(process.execPath, [PROGRAM, ...words], {
        cwd: clone,
        env: environment,
        timeout: RUN_LIMIT_MS,
        maxBuffer: 1e9,
      });
    // A pull request is untrusted unless a forge says otherwise, and runs in the sandbox.
    const base = event.startsWith('pull_request') ? ['--commit', 'HEAD', '--base', 'HEAD'] : [];
    const ran = sluice('run', `.github/workflows/${workflow}`, '--event', event, '--no-live', ...base);
    const shown = sluice('show', '--json');
    if (shown.status !== 0)
      throw new Error(`${asked}: ${ran.stdout}${ran.stderr}${ran.error ?? ''}${shown.stderr}`);
    return [{ repository, workflow, event, view: JSON.parse(shown.stdout.toString()) as RunView }];
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** One line for each job that ran. */
function runTable(all: readonly Ran[]): string[] {
  if (all.length === 0) return [];
  const rows = all.flatMap(({ repository, workflow, view }) =>
    view.stages.flatMap(({ jobs }) =>
      jobs.flatMap(({ cells, id }) =>
        (cells ?? []).map((one) => {
          const failed = one.steps.find((step) => step.id === one.failedStep);
          const steps = one.steps.filter(
            ({ outcome }) => outcome === 'succeeded' || outcome === 'warned',
          ).length;
          const said = causeOf(one) || (one.reason?.sentence ?? '');
          const why = failed ? `step ${cell(failed.name)}: ${cell(said)}` : cell(said);
          return `| ${repository.name} ${repository.commit.slice(0, 10)} | ${workflow} | ${cell(one.name || id)} | ${one.outcome} | ${steps} of ${one.steps.length} | ${why} |`;
        }),
      ),
    ),
  );
  const wholly = all.filter(({ view }) => view.outcome === 'succeeded' || view.outcome === 'warned').length;
  return [
    '## Run',
    '',
    `${all.length} workflows; ${wholly} went well as a whole.`,
    '',
    '| repository and commit | workflow | job | outcome | steps that went well | why |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ];
}

type Cell = NonNullable<RunView['stages'][number]['jobs'][number]['cells']>[number];

/** The cause in words, with the last line that the step printed where the cause says little. */
function causeOf({ cause, tail }: Cell): string {
  if (!cause) return '';
  if ('message' in cause) return cause.message;
  if (cause.kind === 'exit-code') {
    const last = tail.findLast((line) => /\S/.test(line) && !line.startsWith('[sluice')) ?? '';
    return `exit code ${cause.code}${last === '' ? '' : `: ${last.trim()}`}`;
  }
  return cause.kind === 'could-not-start' ? cause.reason : cause.kind;
}

/** Text for a cell of a table, without places of this machine. */
function cell(words: string): string {
  const plain = words
    .replaceAll(/\/\S*\/(work|tmp|clone)\//g, '')
    .replaceAll('|', '\\|')
    .replaceAll('\n', ' ');
  return shorten(plain, CAUSE_WIDTH, '…').replaceAll('<', '&lt;');
}
