import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { availableParallelism, homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { userError } from './base/diagnostic.ts';
import { runCli } from './cli/cli.ts';
import type { ClientSettings, CliPorts } from './cli/ports.ts';
import type { Client } from './client/contract.ts';
import type { Executor } from './executor/contract.ts';
import { machineClock } from './machine/clock.ts';
import { commitFiles, treeFiles } from './machine/source-files.ts';
import { onInterrupt } from './machine/terminal.ts';
import type { OpenRooms } from './main/rooms.ts';

/* The only file that joins contracts to real implementations. What a command does not need is not loaded. */

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

// Most commands ask git first, and git is another process: it works while the program is loaded.
let facts = ['run', 'plan'].includes(process.argv[2] ?? '') ? gitFacts(null) : null;

// So does the helper of a run, which takes as long to start; a run that then does not come about sends it away.
let helper = process.argv[2] === 'run' && !process.argv.some(isOtherwise) ? openHelper() : null;

// Whatever keeps the end from being reached is no success.
process.exitCode = 3;

// What Sluice starts of itself has no command line, and stays.
const isInternal = process.argv[2] === 'internal';

void (isInternal ? internal : runCli)(process.argv.slice(2), {
  version,
  out: process.stdout,
  err: process.stderr,
  environment: process.env,
  cwd: process.cwd(),
  cores: availableParallelism(),
  clock: machineClock,
  files: {
    read: async (path) => (await import('./machine/files.ts')).readTextFile(path),
    chunks: async function* (path) {
      yield* (await import('./machine/files.ts')).readChunks(path);
    },
    write: async (path, text) => (await import('./machine/files.ts')).writeTextFile(path, text),
    list: async (path) => (await import('./machine/files.ts')).listFolder(path),
  },
  upkeep: upkeepNow,
  machine: {
    which: async (program) => (await import('./machine/program.ts')).which(program),
    version: async (program) => (await import('./machine/program.ts')).programVersion(program),
    isolation,
    containers: async () => (await import('./main/containers.ts')).engineState(process.env),
    store: storeSoundness,
    sandbox: async () =>
      (await import('./main/health.ts')).sandboxHealth(process.env.PATH ?? '/usr/bin:/bin'),
    storage: async (settings) =>
      (await import('./main/health.ts')).storageHealth(homeOf(settings), process.env),
  },
  openClient,
  pour: async (chunks) => (await import('./machine/pour.ts')).pour(chunks, process.stdout),
  repository,
  changedPaths: async (source) => (await import('./forge/git.ts')).changedPaths(source),
  renamedFrom: async (...about) => (await import('./forge/target-tree.ts')).renamedFrom(...about),
  inTreeOf: async (source, use) => (await import('./forge/target-tree.ts')).inTreeOf(source, use),
  readSources: (source) =>
    source.mode === 'commit' ? commitFiles(source.path, source.commit!) : treeFiles(source.path),
  secrets: async (settings) =>
    (await import('./main/secrets.ts')).secretPlaces(homeOf(settings), process.env, await repository(null)),
  actions: async (settings) =>
    (await import('./main/actions.ts')).openActionPlaces(homeOf(settings), process.env),
  readSecret: async (prompt) => (await import('./machine/secret-input.ts')).readSecretValue(prompt),
  planCache: {
    version: codeVersion,
    read: async (key, settings) => (await import('./machine/files.ts')).readTextFile(planFile(key, settings)),
    write: async (key, text, settings) =>
      (await import('./machine/files.ts')).writePrivateFile(planFile(key, settings), text),
  },
  openWorkflowReader: async () => (await import('./main/workflow-reader.ts')).openWorkflowReader(),
  loadModule,
  openShell: async ({ directory, environment }) =>
    (await import('./machine/terminal.ts')).openShell(directory, environment),
  watchFiles: watchRepository,
  onInterrupt,
} satisfies CliPorts).then(leave);

async function internal([, ...words]: readonly string[]): Promise<number> {
  const { performInternal } = await import('./main/deployment/internal.ts');
  return performInternal(words, homeOf({ home: process.env.SLUICE_HOME ?? null, workspace: null }));
}

/** A pipe whose reader is slow takes what is written later. Then at once: a run that was left must not hold the program. */
async function leave(exitCode: number): Promise<void> {
  await helper?.executor.then(
    (executor) => executor.shutdown(),
    () => {},
  );
  await Promise.all([process.stdout, process.stderr].map(drained));
  process.exit(exitCode);
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    // A reader that is gone is told by an error event as well, which nobody need hear any more.
    stream.on('error', () => resolve());
    stream.write('', () => resolve());
  });
}

/** Where Sluice keeps its data: SLUICE_HOME, or the user's data folder. */
function homeOf({ home }: ClientSettings): string {
  return home ?? join(process.env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'sluice');
}

function planFile(key: string, settings: ClientSettings): string {
  return join(homeOf(settings), 'plans', `${key}.json`);
}

/** The version of a release; in a checkout, whose version stays while the code changes, also its newest file's time. */
function codeVersion(): string {
  if (!existsSync(new URL('./pipeline', import.meta.url))) return version;
  const timesMs = ['./pipeline/', './base/'].flatMap((folder) => {
    const url = new URL(folder, import.meta.url);
    const files = readdirSync(url, { recursive: true, encoding: 'utf8' });
    return files.map((file) => statSync(new URL(file, url)).mtimeMs);
  });
  return `${version} ${Math.max(...timesMs)}`;
}

function storeFile(settings: ClientSettings): string {
  return join(homeOf(settings), 'store', 'journal.db');
}

async function openClient(settings: ClientSettings, drives: boolean): Promise<Client> {
  const directory = homeOf(settings);
  let executor = drives ? takeHelper(directory) : null;
  // Whoever needs it sees the failure.
  executor?.catch(() => {});
  const [
    { createInProcessClient },
    { openSqliteStore },
    { machineOwners },
    { machineRandom },
    { Ballast },
    { isRoomy },
    { isTended },
  ] = await Promise.all([
    import('./client/in-process.ts'),
    import('./store/sqlite/sqlite-store.ts'),
    import('./machine/owners.ts'),
    import('./machine/random.ts'),
    import('./machine/disk/ballast.ts'),
    import('./machine/disk/space.ts'),
    import('./machine/disk/tended.ts'),
  ]);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { username, uid } = userInfo();
  const rooms = lazyRooms(directory);
  const workspaceRoot = settings.workspace ?? join(directory, 'workspaces');
  const ballast = new Ballast(directory);
  const store = await openSqliteStore(
    storeFile(settings),
    { clock: machineClock },
    { makeRoom: () => ballast.release() },
  );
  return createInProcessClient({
    store,
    clock: machineClock,
    random: machineRandom,
    owners: machineOwners(),
    actor: { kind: 'person', id: `${username} (uid ${uid})` },
    teams: async () => (await import('./machine/teams.ts')).teamsOfUser(),
    directory,
    openRunner: async ({ secretFiles, keepWorkspaces, work, onFailedPlace }) => {
      (await import('./main/own-home.ts')).requireOwnHome(directory);
      executor ??= openExecutor(directory);
      const [{ createRunner }, { givenSecrets }, { grantedSecrets }] = await Promise.all([
        import('./runner/runner.ts'),
        import('./secret/given.ts'),
        import('./secret/granted.ts'),
      ]);
      const given = await givenSecrets(secretFiles, process.env);
      const runner = createRunner({
        executor: await executor,
        rooms,
        secrets: grantedSecrets(given, async () =>
          (await import('./main/secrets.ts')).keptSecrets(directory, process.env),
        ),
        clock: machineClock,
        random: machineRandom,
        directory,
        workspaceRoot,
        hostEnvironment: process.env,
        keepWorkspaces: keepWorkspaces ? 'failed' : 'never',
        ...(work ? { work } : {}),
        ...(process.env.SLUICE_ACTION_ADAPTERS === 'off' ? { adapters: 'off' } : {}),
        onFailedPlace,
      });
      return runner;
    },
    openKept: async () => (await import('./main/kept.ts')).openKept(directory, process.env, note),
    openDeployments: async (artifacts) =>
      (await import('./main/deployments.ts')).openDeployments({
        directory,
        environment: process.env,
        journal: store.journal,
        artifacts,
      }),
    requireSpace: async () => {
      const disks = [directory, workspaceRoot];
      if (!process.env.SLUICE_DISK_FLOOR && disks.every(isRoomy)) return;
      (await import('./main/intake.ts')).requireSpace(disks, process.env);
    },
    openSnapshots: () => rooms.snapshots(),
    shutdown: async () => {
      const opened = await executor?.catch(() => null);
      await Promise.all([opened?.shutdown(), rooms.shutdown()]);
      if (drives && !isTended(directory, machineClock.now()))
        (await import('./main/after-run.ts')).afterRun(directory, ballast);
    },
  });
}

function holdsFolders(folder: string): boolean {
  try {
    return readdirSync(folder, { withFileTypes: true }).some((entry) => entry.isDirectory());
  } catch {
    return false; // It was never made.
  }
}

/** What few jobs ask for, loaded when the first one does. */
function lazyRooms(directory: string): OpenRooms {
  let opened: Promise<OpenRooms> | null = null;
  const rooms = (): Promise<OpenRooms> => {
    opened ??= import('./main/rooms.ts').then(({ openRooms }) =>
      openRooms(directory, process.env, (message) => process.stderr.write(`sluice: ${message}\n`)),
    );
    return opened;
  };
  return {
    executor: async (kind, trust) => (await rooms()).executor(kind, trust),
    serviceHost: async () => (await rooms()).serviceHost(),
    caches: async () => (await rooms()).caches(),
    artifacts: async () => (await rooms()).artifacts(),
    work: async () => (await rooms()).work(),
    snapshots: async () => (await rooms()).snapshots(),
    reports: async () => (await rooms()).reports(),
    changes: async () => (await rooms()).changes(),
    actions: async () => (await rooms()).actions(),
    leftBehind: async () =>
      ['sandbox', 'docker'].some((name) => holdsFolders(join(directory, name)))
        ? (await rooms()).leftBehind()
        : [],
    shutdown: async () => (await opened)?.shutdown(),
  };
}

/** Something that went wrong beside the work, for whoever looks at the terminal. */
function note(message: string): void {
  process.stderr.write(`warning: ${message}\n`);
}

/** Words with which `run` starts nothing, or keeps its data elsewhere than the environment says. */
function isOtherwise(word: string): boolean {
  return /^(-h|--help|--dry-run|--home(=.*)?)$/.test(word);
}

function openHelper(): { readonly directory: string; readonly executor: Promise<Executor> } {
  const { SLUICE_HOME } = process.env;
  const directory = homeOf({ home: SLUICE_HOME ? resolve(SLUICE_HOME) : null, workspace: null });
  const executor = openExecutor(directory);
  executor.catch(() => {});
  return { directory, executor };
}

function takeHelper(directory: string): Promise<Executor> {
  if (helper?.directory !== directory) return openExecutor(directory);
  const { executor } = helper;
  helper = null;
  return executor;
}

async function openExecutor(directory: string): Promise<Executor> {
  const { openProcessExecutor } = await import('./executor/process/process-executor.ts');
  return openProcessExecutor({ directory: join(directory, 'steps'), clock: machineClock });
}

async function gitFacts(commit: string | null) {
  const { repositorySource } = await import('./forge/git.ts');
  return repositorySource(process.cwd(), commit);
}

async function repository(commit: string | null) {
  const early = commit === null ? facts : null;
  // Good for once: a command that goes on (--watch) asks anew.
  facts = null;
  const source = await (early ?? gitFacts(commit));
  if (!source) throw userError('commit-unknown', `git knows no commit ${commit}`, 'git log --oneline');
  return source;
}

async function isolation(): Promise<string> {
  const { openProcessExecutor } = await import('./executor/process/process-executor.ts');
  const { mkdtemp, rm } = await import('node:fs/promises');
  const { tmpdir } = await import('node:os');
  const directory = await mkdtemp(join(tmpdir(), 'sluice-'));
  try {
    const executor = await openProcessExecutor({ directory, clock: machineClock });
    await executor.shutdown();
    return executor.isolation.sentence;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function storeSoundness(settings: ClientSettings) {
  const [{ openSqliteStore }, { DamageError }] = await Promise.all([
    import('./store/sqlite/sqlite-store.ts'),
    import('./store/contract.ts'),
  ]);
  const path = storeFile(settings);
  try {
    const store = await openSqliteStore(path, { clock: machineClock });
    const damage = await store.journal.verify();
    await store.close();
    return { path, damage: damage.map((one) => one.sentence) };
  } catch (error) {
    if (!(error instanceof DamageError)) throw error;
    return { path, damage: error.damage.map((one) => one.sentence) };
  }
}

async function upkeepNow(settings: ClientSettings) {
  const [{ openSqliteStore }, { upkeep }] = await Promise.all([
    import('./store/sqlite/sqlite-store.ts'),
    import('./main/upkeep.ts'),
  ]);
  const directory = homeOf(settings);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const workspaceRoot = settings.workspace ?? join(directory, 'workspaces');
  const store = await openSqliteStore(storeFile(settings), { clock: machineClock });
  try {
    return await upkeep({ directory, workspaceRoot, environment: process.env, journal: store.journal });
  } finally {
    await store.close();
  }
}

async function loadModule(path: string): Promise<unknown> {
  // What package.json exports: the source in a checkout, the bundle in a release.
  const typed = pathToFileURL(createRequire(import.meta.url).resolve('sluice')).href;
  // A repository need not have installed Sluice for its sluice.ts to say `import { pipeline } from 'sluice'`.
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'sluice' ? { url: typed, shortCircuit: true } : next(specifier, context),
  });
  try {
    const loaded = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
    return loaded.default;
  } finally {
    hooks.deregister();
  }
}

function watchRepository(path: string, onChange: () => void): () => void {
  let stop = () => {};
  let ended = false;
  void Promise.all([import('./machine/terminal.ts'), import('./machine/ignored.ts')]).then(
    ([{ watchFiles }, { notIgnored }]) => {
      if (!ended) stop = watchFiles(path, notIgnored(path), onChange);
    },
  );
  return () => {
    ended = true;
    stop();
  };
}
