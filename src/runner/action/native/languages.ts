import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { KeepProblem } from '../../problem.ts';
import { leave, runProcess } from '../action-run.ts';
import { freshFolder } from '../fresh-folder.ts';
import { insideWorkspace } from './inside.ts';
import { isTrue, type NativePart } from './native-part.ts';
import { adapterOf } from './setup.ts';
import { firstLine } from './tool.ts';

export const SETUP_NODE = adapterOf(
  {
    name: 'Node.js',
    install: 'install it from https://nodejs.org, or `apt-get install nodejs`',
    versionInput: 'node-version',
    fileInput: 'node-version-file',
    files: ['.nvmrc', '.node-version'],
    programs: () => ['node'],
    versionArguments: ['--version'],
    use(part, tools) {
      const tool = tools.at(-1)!;
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
    use(part, tools) {
      const tool = tools.at(-1)!;
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
    async use(part, tools) {
      const { version, path } = tools.at(-1)!;
      // What `go install` makes is found by the steps behind.
      const folder = await firstLine(part, [path, 'env', 'GOPATH']);
      if (folder?.startsWith('/')) leave(part.run, part.scope, {}, [join(folder.split(':')[0]!, 'bin')]);
      return { 'go-version': version };
    },
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
      const major = asked === null ? null : javaMajor(asked);
      return [...(major === null ? [] : javaPlaces(major)), 'java'];
    },
    versionArguments: ['-version'],
    plain: (version) => version.replace(/^1\.(?=\d)/, ''),
    use({ run, scope, inputs }, tools) {
      const homes = tools.map((tool) => ({
        home: join(tool.path, '..', '..'),
        major: javaMajor(tool.version),
      }));
      const { home } = homes.at(-1)!;
      const named = homes.map((one) => [`JAVA_HOME_${one.major}_${process.arch.toUpperCase()}`, one.home]);
      leave(run, scope, { ...Object.fromEntries(named), JAVA_HOME: home }, [join(home, 'bin')]);
      return { version: tools.at(-1)!.version, distribution: inputs.distribution ?? '', path: home };
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

/** Up to Java 8 the first number was a one: `1.8.0`. */
function javaMajor(version: string): string | null {
  return /^\D*(?:1\.)?(\d+)/.exec(version)?.[1] ?? null;
}

/** Where Debian and Adoptium put a Java. */
function javaPlaces(major: string): readonly string[] {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  return [`java-${major}-openjdk-${arch}`, `temurin-${major}-jdk-${arch}`, `java-${major}-openjdk`].map(
    (name) => `/usr/lib/jvm/${name}/bin/java`,
  );
}

export const SETUP_DOTNET = adapterOf(
  {
    name: '.NET',
    install: 'install it from https://dotnet.microsoft.com/download',
    versionInput: 'dotnet-version',
    fileInput: 'global-json-file',
    files: ['global.json'],
    programs: () => ['dotnet'],
    versionArguments: ['--version'],
    use: (_, tools) => ({ 'dotnet-version': tools.at(-1)!.version }),
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
    async use(part, tools) {
      if (isTrue(part.inputs['bundler-cache'])) await installGems(part);
      return { 'ruby-prefix': join(tools.at(-1)!.path, '..', '..') };
    },
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

/** What `bundler-cache` does besides keeping gems: the steps behind it find them installed, in `vendor/bundle`. */
async function installGems({ run, inputs, place }: NativePart): Promise<void> {
  const directory = insideWorkspace(place.directory, inputs['working-directory'] || '.');
  const script =
    'command -v bundle >/dev/null || { echo "there is no program bundle: apt-get install bundler" >&2; exit 1; }; bundle config set --local path vendor/bundle && bundle install --jobs 4';
  const cause = await runProcess(run, ['sh', '-c', script], directory, place.environment);
  if (cause)
    throw new KeepProblem('`bundle install` failed, which `bundler-cache` asks for; see the lines above');
}
