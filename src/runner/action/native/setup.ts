import { existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KeepProblem } from '../../problem.ts';
import { leave } from '../action-run.ts';
import { freshFolder } from '../fresh-folder.ts';
import { insideWorkspace } from './inside.ts';
import { declared, linesOf, type NativePart, warn } from './native-part.ts';
import { type FoundTool, findTool } from './tool.ts';
import { isWanted } from './version.ts';

/* Setting up a language is using what this machine has, and saying so when it is not what was asked for. */

/** A language as its action sets it up. */
interface Language {
  /** As people know it. */
  readonly name: string;
  /** Where one comes from when the machine has none. */
  readonly install: string;
  readonly versionInput: string;
  readonly fileInput: string;
  /** Files that say the version when nobody else does. */
  readonly files: readonly string[];
  /** Programs to ask, the best one first. */
  programs(asked: string | null): readonly string[];
  readonly versionArguments: readonly string[];
  outputs(part: NativePart, tool: FoundTool): Readonly<Record<string, string>>;
}

const COMMON = {
  cache: '',
  'cache-dependency-path': '',
  token: '',
  architecture: '',
  'check-latest': 'false',
};

function adapterOf(language: Language, inputs: Readonly<Record<string, string>>) {
  return {
    inputs: declared({ ...COMMON, [language.versionInput]: '', [language.fileInput]: '', ...inputs }),
    perform: (part: NativePart) => setUp(part, language),
  };
}

async function setUp(part: NativePart, language: Language): Promise<Record<string, string>> {
  const { run, inputs } = part;
  const asked = askedVersion(part, language);
  const tool = await findTool(part, language.programs(asked), language.versionArguments);
  if (!tool) throw new KeepProblem(`there is no ${language.name} on this machine; ${language.install}`);
  run.say(`${language.name} ${tool.version} at ${tool.path}`);
  if (asked !== null && isWanted(tool.version, asked) === false)
    warn(part, `${language.name} ${asked} was asked for; this machine has ${tool.version}, which is used`);
  if (inputs.cache)
    run.say(`cache: ${inputs.cache} keeps its own on this machine, so there is nothing to restore or save`);
  return { ...language.outputs(part, tool), 'cache-hit': 'false' };
}

/** What the step asks for, or a file of the repository; null: anything. */
function askedVersion(
  { inputs, place }: NativePart,
  { versionInput, fileInput, files }: Language,
): string | null {
  const asked = linesOf(inputs[versionInput]);
  if (asked.length > 0) return asked.join(' || ');
  const named = inputs[fileInput];
  if (named) {
    const path = insideWorkspace(place.directory, named);
    if (!existsSync(path)) throw new KeepProblem(`there is no file ${named}, which \`${fileInput}\` names`);
    return versionIn(named, readSmall(path));
  }
  for (const file of files) {
    const path = join(place.directory, file);
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile()) return versionIn(file, readSmall(path));
  }
  return null;
}

const BYTES_MAX = 1024 * 1024;

function readSmall(path: string): string {
  const status = lstatSync(path);
  if (!status.isFile() || status.size > BYTES_MAX)
    throw new KeepProblem(`${path} is no file that says a version`);
  return readFileSync(path, 'utf8');
}

/** The version that a file says; null when it says none. */
export function versionIn(file: string, text: string): string | null {
  const name = file.split('/').at(-1)!;
  if (name === 'package.json') return packageVersion(text);
  if (name === 'global.json') return /"version"\s*:\s*"([^"]+)"/.exec(text)?.[1] ?? null;
  if (name === 'go.mod' || name === 'go.work')
    return /^\s*toolchain\s+go([\w.]+)/m.exec(text)?.[1] ?? /^\s*go\s+([\w.]+)/m.exec(text)?.[1] ?? null;
  if (name === 'pyproject.toml')
    return /^\s*requires-python\s*=\s*["']([^"']+)["']/m.exec(text)?.[1]?.replaceAll(',', ' ') ?? null;
  if (name === 'Gemfile') return /^\s*ruby\s+["']([^"']+)["']/m.exec(text)?.[1] ?? null;
  if (name === '.tool-versions')
    return /^\s*(?:nodejs|node|python|golang|go|java|ruby|dotnet)\s+(\S+)/m.exec(text)?.[1] ?? null;
  const line = text.split('\n').find((one) => one.trim() !== '' && !one.trim().startsWith('#'));
  return line?.trim().replace(/^(ruby-|v)/, '') ?? null;
}

function packageVersion(text: string): string | null {
  try {
    const { volta, engines } = JSON.parse(text) as Partial<
      Record<'volta' | 'engines', { readonly node?: string }>
    >;
    return volta?.node ?? engines?.node ?? null;
  } catch {
    return null;
  }
}

export const SETUP_NODE = adapterOf(
  {
    name: 'Node.js',
    install: 'install it from https://nodejs.org, or `apt-get install nodejs`',
    versionInput: 'node-version',
    fileInput: 'node-version-file',
    files: ['.nvmrc', '.node-version'],
    programs: () => ['node'],
    versionArguments: ['--version'],
    outputs(part, tool) {
      if (part.inputs['registry-url']) useRegistry(part, part.inputs['registry-url']);
      return { 'node-version': `v${tool.version}` };
    },
  },
  {
    'registry-url': '',
    scope: '',
    'always-auth': '',
    mirror: '',
    'mirror-token': '',
    'package-manager-cache': 'true',
  },
);

/** npm is told its registry by a file of the job; the token stays in the variable that the workflow gives it. */
function useRegistry({ run, scope, inputs }: NativePart, registry: string): void {
  const url = new URL(registry);
  const file = join(freshFolder(run, 'npm'), '.npmrc');
  const owner = inputs.scope ? `@${inputs.scope.replace(/^@/, '')}:` : '';
  const address = `${url.href.replace(/\/?$/, '/')}`;
  writeFileSync(
    file,
    `//${url.host}${new URL(address).pathname}:_authToken=\${NODE_AUTH_TOKEN}\n${owner}registry=${address}\n`,
  );
  leave(run, scope, { NPM_CONFIG_USERCONFIG: file }, []);
}

export const SETUP_PYTHON = adapterOf(
  {
    name: 'Python',
    install: '`apt-get install python3`',
    versionInput: 'python-version',
    fileInput: 'python-version-file',
    files: ['.python-version'],
    programs: (asked) => {
      const minor = /^\D*(\d+\.\d+)/.exec(asked ?? '')?.[1];
      return [...(minor ? [`python${minor}`] : []), 'python3', 'python'];
    },
    versionArguments: ['--version'],
    outputs(part, tool) {
      const bin = shims(part, { python: tool.path, python3: tool.path });
      const { run, scope } = part;
      leave(run, scope, { pythonLocation: join(bin, '..'), Python_ROOT_DIR: join(bin, '..') }, [bin]);
      return { 'python-version': tool.version, 'python-path': tool.path };
    },
  },
  {
    'update-environment': 'true',
    'allow-prereleases': 'false',
    freethreaded: 'false',
    'pip-version': '',
    'pip-install': '',
  },
);

/** A folder of the job's own in which a program has the names by which workflows call it. */
function shims({ run }: NativePart, links: Readonly<Record<string, string>>): string {
  const bin = join(freshFolder(run, 'tool'), 'bin');
  mkdirSync(bin);
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(bin, name));
  return bin;
}

export const SETUP_GO = adapterOf(
  {
    name: 'Go',
    install: 'install it from https://go.dev/dl, or `apt-get install golang`',
    versionInput: 'go-version',
    fileInput: 'go-version-file',
    files: [],
    programs: () => ['go'],
    versionArguments: ['version'],
    outputs: (_, tool) => ({ 'go-version': tool.version }),
  },
  { cache: 'true', 'go-download-base-url': '' },
);

export const SETUP_JAVA = adapterOf(
  {
    name: 'Java',
    install: '`apt-get install default-jdk-headless`',
    versionInput: 'java-version',
    fileInput: 'java-version-file',
    files: [],
    programs: (asked) => {
      const major = /\d+/.exec(asked ?? '')?.[0];
      return [...(major ? [`/usr/lib/jvm/java-${major}-openjdk-amd64/bin/java`] : []), 'java'];
    },
    versionArguments: ['-version'],
    outputs({ run, scope, inputs }, tool) {
      const home = join(tool.path, '..', '..');
      leave(run, scope, { JAVA_HOME: home }, [join(home, 'bin')]);
      return { version: tool.version, distribution: inputs.distribution ?? '', path: home };
    },
  },
  {
    distribution: '',
    'java-package': 'jdk',
    jdkFile: '',
    'server-id': '',
    'server-username': '',
    'server-password': '',
    'settings-path': '',
    'overwrite-settings': 'true',
    'gpg-private-key': '',
    'gpg-passphrase': '',
    'mvn-toolchain-id': '',
    'mvn-toolchain-vendor': '',
  },
);

export const SETUP_DOTNET = adapterOf(
  {
    name: '.NET',
    install: 'install it from https://dotnet.microsoft.com/download',
    versionInput: 'dotnet-version',
    fileInput: 'global-json-file',
    files: ['global.json'],
    programs: () => ['dotnet'],
    versionArguments: ['--version'],
    outputs: (_, tool) => ({ 'dotnet-version': tool.version }),
  },
  { 'dotnet-quality': '', 'source-url': '', owner: '', 'config-file': '', workloads: '' },
);

export const SETUP_RUBY = adapterOf(
  {
    name: 'Ruby',
    install: '`apt-get install ruby-full`',
    versionInput: 'ruby-version',
    fileInput: 'ruby-version-file',
    files: ['.ruby-version', '.tool-versions'],
    programs: () => ['ruby'],
    versionArguments: ['--version'],
    outputs: (_, tool) => ({ 'ruby-prefix': join(tool.path, '..', '..') }),
  },
  {
    rubygems: 'default',
    bundler: 'Gemfile.lock',
    'bundler-cache': 'false',
    'working-directory': '.',
    'cache-version': '0',
    'self-hosted': 'false',
    windows_toolchain: 'default',
  },
);
