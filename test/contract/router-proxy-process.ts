/** Beside the contract of routers: `router-proxy-process.ts serve FOLDER HOST PORT` is the built-in proxy. */
import process from 'node:process';
import { runProxy } from '../../src/delivery/router/proxy/proxy.ts';

const [, folder = '', host = '', port] = process.argv.slice(2);
await runProxy(folder, { host, port: Number(port) }).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 3;
});
