/**
 * Beside the contract of routers: `serve FOLDER HOST PORT` is the built-in proxy, `steer FOLDER TOKEN TRAFFICS` is a controller that
 * sets these traffics by turns until it is killed, and prints a line for each time it was done.
 */
import process from 'node:process';
import type { Traffic } from '../../src/delivery/router/contract.ts';
import { runProxy } from '../../src/delivery/router/proxy/proxy.ts';
import { openProxyRouter } from '../../src/delivery/router/proxy/proxy-router.ts';

const [what, folder = '', ...rest] = process.argv.slice(2);
if (what === 'serve') {
  await runProxy(folder, { host: rest[0]!, port: Number(rest[1]) });
} else {
  const traffics = JSON.parse(rest[1]!) as readonly Traffic[];
  const router = openProxyRouter(folder);
  for (let order = 1; ; order++) {
    const fence = { token: Number(rest[0]), order };
    const { outcome } = await router.setWeights(fence, traffics[order % traffics.length]!);
    if (outcome !== 'done') process.exit(1);
    console.log(order);
  }
}
