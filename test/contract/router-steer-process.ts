/**
 * A controller: `router-steer-process.ts KIND OPTIONS TOKEN TRAFFICS` sets these traffics by turns until it is killed, and prints a line for each time
 * it was done.
 */
import process from 'node:process';
import type { Router, Traffic } from '../../src/delivery/router/contract.ts';
import { openHaproxyRouter } from '../../src/delivery/router/haproxy/haproxy-router.ts';
import { openNginxRouter } from '../../src/delivery/router/nginx/nginx-router.ts';
import { openProxyRouter } from '../../src/delivery/router/proxy/proxy-router.ts';

const [kind, options = '', token, texts = ''] = process.argv.slice(2);
const open: Readonly<Record<string, (options: never) => Router>> = {
  proxy: openProxyRouter,
  haproxy: openHaproxyRouter,
  nginx: openNginxRouter,
};
const traffics = JSON.parse(texts) as readonly Traffic[];
const router = open[kind!]!(JSON.parse(options) as never);
for (let order = 1; ; order++) {
  const reply = await router.setWeights({ token: Number(token), order }, traffics[order % traffics.length]!);
  if (reply.outcome !== 'done') throw new Error(JSON.stringify(reply));
  console.log(order);
}
