import type { Detector, Project } from './project.ts';

/** Scripts worth running, in this order; only those that the project has. */
const SCRIPTS = ['format:check', 'lint', 'typecheck', 'types', 'check', 'build', 'test'] as const;

interface Manager {
  readonly lock: string | null;
  readonly install: string;
  readonly run: (script: string) => string;
}

const MANAGERS: readonly Manager[] = [
  {
    lock: 'pnpm-lock.yaml',
    install: 'pnpm install --frozen-lockfile',
    run: (script) => `pnpm run ${script}`,
  },
  { lock: 'yarn.lock', install: 'yarn install --immutable', run: (script) => `yarn run ${script}` },
  { lock: 'bun.lock', install: 'bun install --frozen-lockfile', run: (script) => `bun run ${script}` },
  { lock: 'package-lock.json', install: 'npm ci', run: npmRun },
  { lock: 'npm-shrinkwrap.json', install: 'npm ci', run: npmRun },
];
const NO_LOCK: Manager = { lock: null, install: 'npm install', run: npmRun };

function npmRun(script: string): string {
  return script === 'test' ? 'npm test' : `npm run ${script}`;
}

/** package.json: installs what it depends on and runs the scripts that it has. */
export const detectJavaScript: Detector = async (project) => {
  const text = await project.read('package.json');
  if (text === null) return null;
  const manifest = parsed(text);
  if (!manifest) return null;
  const manager = await managerOf(project);
  const depends = ['dependencies', 'devDependencies', 'optionalDependencies'].some(
    (key) => Object.keys(recordOf(manifest[key])).length > 0,
  );
  const commands =
    depends || manager.lock !== null ? [install(manager, await project.read('yarn.lock'))] : [];
  const scripts = recordOf(manifest.scripts);
  for (const script of SCRIPTS) if (isReal(scripts[script])) commands.push(manager.run(script));
  return commands.length > 0 ? { name: 'javascript', because: 'package.json', commands } : null;
};

async function managerOf(project: Project): Promise<Manager> {
  for (const manager of MANAGERS) if (await project.has(manager.lock!)) return manager;
  return NO_LOCK;
}

/** Yarn 1 has another name for the same wish; its lock file says which one wrote it. */
function install(manager: Manager, yarnLock: string | null): string {
  const isYarn1 = manager.lock === 'yarn.lock' && yarnLock?.includes('yarn lockfile v1');
  return isYarn1 ? 'yarn install --frozen-lockfile' : manager.install;
}

/** npm writes a `test` script that always fails into every new project. */
function isReal(script: unknown): boolean {
  return typeof script === 'string' && script.trim() !== '' && !script.includes('no test specified');
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}
