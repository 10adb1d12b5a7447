import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Backend } from '../../src/delivery/router/contract.ts';
import type { NginxOptions } from '../../src/delivery/router/nginx/nginx-router.ts';
import { freePort } from './free-port.ts';

const START_LIMIT_MS = 20_000;

export interface Nginx {
  readonly options: NginxOptions;
  readonly listen: Backend;
  /** Kills it with its workers, and starts it again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** An nginx of a test's own, configured as docs/routers.md says. To be stopped by the caller. */
export async function nginxIn(folder: string): Promise<Nginx> {
  const home = join(folder, 'nginx');
  mkdirSync(home);
  const listen = { host: '127.0.0.1', port: await freePort() };
  const [first, main] = documented(home, listen);
  const config = join(home, 'nginx.conf');
  writeFileSync(join(home, 'shop.conf'), first);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${home}/${kind};`,
  );
  const lines = [`pid ${home}/pid;`, `error_log ${home}/error.log;`, 'worker_processes 2;', 'events {}'];
  writeFileSync(config, [...lines, main.replace('http {', `http {\n${paths.join('\n')}`)].join('\n'));
  const words = ['-c', config, '-e', join(home, 'error.log')];
  const start = async () => {
    const child = spawn('nginx', [...words, '-g', 'daemon off;'], {
      stdio: ['ignore', 'ignore', 'inherit'],
      detached: true,
    });
    const exited = once(child, 'exit');
    const limitMs = performance.now() + START_LIMIT_MS;
    while (!(await answers(listen))) {
      if (child.exitCode !== null || performance.now() > limitMs) throw new Error('nginx did not start');
      await delay(20);
    }
    return { child, exited };
  };
  let master = await start();
  return {
    options: {
      config: join(home, 'shop.conf'),
      upstream: 'shop',
      reload: `nginx ${words.join(' ')} -s reload`,
      folder: join(folder, 'sluice'),
    },
    listen,
    restart: async () => {
      // Of its whole group: workers live on without their master.
      process.kill(-master.child.pid!, 'SIGKILL');
      await master.exited;
      while (await answers(listen)) await delay(5);
      master = await start();
    },
    stop: async () => {
      process.kill(-master.child.pid!, 'SIGKILL');
      await master.exited;
    },
  };
}

/** The file and the configuration of the page, with this machine's paths. */
function documented(home: string, listen: Backend): readonly [string, string] {
  const page = readFileSync(fileURLToPath(new URL('../../docs/routers.md', import.meta.url)), 'utf8');
  const part = (kind: string) => new RegExp(`\`\`\`${kind}\n(.*?)\`\`\``, 's').exec(page)![1]!;
  const main = part('nginx')
    .replaceAll('/etc/nginx/sluice', home)
    .replaceAll('/var/log/nginx', home)
    .replace('listen 80;', `listen ${listen.host}:${listen.port};`);
  return [part('nginx-file'), main];
}

function answers({ host, port }: Backend): Promise<boolean> {
  const socket = connect(port, host);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.on('connect', () => resolve(true));
  socket.on('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}
