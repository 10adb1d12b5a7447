import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { visible } from '../../base/text.ts';
import type { Traffic } from './contract.ts';

/** The IP address of each host among the backends, or the sentence of what has none. */
export async function addressesOf(traffic: Traffic): Promise<ReadonlyMap<string, string> | string> {
  const addresses = new Map<string, string>();
  for (const { host } of traffic.versions.flatMap(({ backends }) => backends)) {
    if (addresses.has(host)) continue;
    try {
      addresses.set(host, isIP(host) !== 0 ? host : (await lookup(host)).address);
    } catch {
      return `the backend ${visible(host)} has no address; check its name`;
    }
  }
  return addresses;
}
