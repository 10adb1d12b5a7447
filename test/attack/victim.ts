import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { git, makeRepository, writeFiles } from '../support/repository.ts';

/** A machine with secrets in all the usual places. Every canary names its place and is found nowhere else. */
export interface Victim {
  readonly canaries: readonly string[];
  /** Files with a canary in them. */
  readonly files: readonly string[];
  /** Folders in which nothing may change. */
  readonly untouched: readonly string[];
  /** One of them, with a few files and nothing else: what is small is often handled in another way. */
  readonly few: string;
  readonly repository: string;
  /** What Sluice itself is given. */
  readonly environment: Readonly<Record<string, string>>;
  readonly port: number;
  readonly sockets: readonly string[];
  close(): Promise<void>;
}

const ABSTRACT = 'sluice-attack-test';

/** Makes the machine below `folder`. `base`: the files of the repository on its branch main. */
export async function makeVictim(folder: string, base: Readonly<Record<string, string>>): Promise<Victim> {
  const canaries: string[] = [];
  const canary = (place: string) => {
    const text = `CANARY-${place}-${Buffer.from(place).toString('hex')}`;
    canaries.push(text);
    return text;
  };
  const [user, repository, elsewhere] = ['user', 'repository', 'elsewhere'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  makeRepository(repository, { '.gitignore': '.env.local\n', ...base });
  const files = {
    [join(user, '.ssh/id_ed25519')]: canary('ssh'),
    [join(user, '.aws/credentials')]: canary('aws'),
    [join(user, '.netrc')]: canary('netrc'),
    [join(user, '.npmrc')]: canary('npmrc'),
    [join(user, '.docker/config.json')]: canary('docker'),
    [join(user, '.config/sluice/key')]: canary('key'),
    [join(user, '.bash_history')]: canary('history'),
    [join(repository, '.env')]: canary('untracked'),
    [join(repository, '.env.local')]: canary('ignored'),
    [join(elsewhere, 'other-repository/secret.txt')]: canary('elsewhere'),
    [join(folder, 'tmp-file')]: canary('tmp'),
    [join(folder, 'secrets.env')]: `NPM_TOKEN=${canary('given')}`,
  };
  // Whoever reads by rights of the system reads them: only what keeps jobs apart stands before them.
  for (const [path, text] of Object.entries(files)) {
    writeFiles(folder, { [path]: `${text}\n` });
    execFileSync('chmod', ['-R', 'a+rX', path]);
  }
  git(repository, 'config', 'remote.origin.url', `https://bot:${canary('gitconfig')}@git.invalid/shop/api`);
  git(repository, 'checkout', '--quiet', '-b', 'private');
  writeFileSync(join(repository, 'plans.txt'), `${canary('branch')}\n`);
  git(repository, 'add', 'plans.txt');
  git(repository, 'commit', '--quiet', '--message=private');
  git(repository, 'checkout', '--quiet', 'main');

  const told = canary('tcp');
  const servers = [
    await serving(told, { port: 0, host: '127.0.0.1' }),
    await serving(canary('socket'), { path: join(folder, 'service.sock') }),
    await serving(canary('abstract'), { path: `\0${ABSTRACT}` }),
  ];
  const daemon = spawn('sh', ['-c', 'exec sleep 300', canary('argv')], {
    env: { PATH: process.env.PATH, SERVICE_PASSWORD: canary('environ') },
    stdio: 'ignore',
  });
  const address = servers[0]!.address();
  return {
    canaries,
    files: Object.keys(files),
    untouched: [user, elsewhere, repository],
    few: join(user, '.ssh'),
    repository,
    environment: {
      AWS_SECRET_ACCESS_KEY: canary('variable'),
      NPM_TOKEN: canary('token'),
      HTTPS_PROXY: `http://ci:${canary('proxy')}@proxy.invalid:3128`,
      LC_COMPANY: canary('locale'),
    },
    port: typeof address === 'object' && address ? address.port : 0,
    sockets: [join(folder, 'service.sock'), `\\0${ABSTRACT}`],
    close: () => closeAll(servers, daemon),
  };
}

function serving(text: string, where: { port: number; host: string } | { path: string }): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(text);
  });
  return new Promise((resolve) => server.listen(where, () => resolve(server)));
}

async function closeAll(servers: readonly Server[], daemon: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill('SIGKILL');
  await Promise.all([ended, ...servers.map((server) => new Promise((resolve) => server.close(resolve)))]);
}

/** A folder's files, links, modes and contents as one text, to see whether anything changed. */
export function fingerprintOf(folder: string): string {
  mkdirSync(folder, { recursive: true });
  // git writes its index anew when somebody asks for the status; that is not what this is about.
  const script =
    'find . -path ./.git/index -prune -o -printf "%y %m %p %l\\n" | sort; find . -type f ! -path ./.git/index -exec cksum {} + | sort';
  return execFileSync('sh', ['-c', script], { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}
