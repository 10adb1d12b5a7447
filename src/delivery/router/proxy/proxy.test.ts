import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { type RouterHarness, routerContract } from '../../../../test/contract/router.contract.ts';
import { steerAndCrash } from '../../../../test/contract/router-steer.ts';
import type { Backend } from '../contract.ts';
import { openProxyRouter } from './proxy-router.ts';

const program = fileURLToPath(new URL('../../../../test/contract/router-proxy-process.ts', import.meta.url));

routerContract('built-in proxy', async (_context, folder): Promise<RouterHarness> => {
  const home = join(folder, 'proxy');
  const router = openProxyRouter(home);
  const serve = async (listen: Backend) => {
    const child = spawn(process.execPath, [program, 'serve', home, listen.host, `${listen.port}`], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const exited = once(child, 'exit');
    while ((await router.state()).outcome === 'unknown' && child.exitCode === null);
    return { child, exited };
  };
  let proxy = await serve({ host: '127.0.0.1', port: 0 });
  const state = await router.state();
  if (state.outcome === 'unknown') throw new Error(state.reason);
  const listen = state.listen!;
  return {
    router,
    listen,
    breaksConnections: false,
    reload: async () => {
      await router.reload();
      proxy.child.kill('SIGHUP');
    },
    restart: async () => {
      proxy.child.kill('SIGKILL');
      await proxy.exited;
      proxy = await serve(listen);
    },
    steerAndCrash: (token, traffics) => steerAndCrash('proxy', home, token, traffics, 20),
    dispose: async () => {
      proxy.child.kill('SIGKILL');
      await proxy.exited;
    },
  };
});
