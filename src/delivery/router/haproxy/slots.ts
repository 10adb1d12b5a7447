import type { Backend, Traffic } from '../contract.ts';
import type { Facts, ServerFacts } from './facts.ts';
import type { Slot } from './kept.ts';

/** What a server of HAProxy is to be. */
export interface Wanted {
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly state: 'ready' | 'drain' | 'maint';
}

/** Names of servers that Sluice may give to versions: `slot1`, and as backup `standby1`. */
export const SLOT_NAME = /^(slot|standby)\d+$/;

/**
 * Gives each backend of the traffic a server of HAProxy: the one that it has, else a free one. What is no longer named keeps its server while
 * requests are open there. Returns the sentence of what is wrong when the servers do not suffice.
 */
export function assignSlots(
  traffic: Traffic,
  addressOf: ReadonlyMap<string, string>,
  before: Readonly<Record<string, Slot>>,
  facts: Facts,
): Readonly<Record<string, Slot>> | string {
  const wanted = wantedSlots(traffic, addressOf);
  const slots: Record<string, Slot> = {};
  const missing: Slot[] = [];
  for (const slot of wanted) {
    const has = Object.keys(before).find((name) => facts.servers.has(name) && isSame(before[name]!, slot));
    if (has === undefined) missing.push(slot);
    else slots[has] = slot;
  }
  const mayBeTaken = (server: ServerFacts, isStandby: boolean) =>
    SLOT_NAME.test(server.name) && server.isBackup === isStandby && slots[server.name] === undefined;
  const servers = [...facts.servers.values()];
  for (const slot of missing) {
    const free = servers.filter((server) => mayBeTaken(server, slot.isStandby));
    const chosen =
      free.find(({ name, state }) => before[name] === undefined && state === 'maint') ??
      free.find(({ state, open }) => state !== 'ready' && open === 0);
    if (chosen === undefined) {
      const kind = slot.isStandby ? 'standby' : 'slot';
      const count = wanted.filter(({ isStandby }) => isStandby === slot.isStandby).length;
      return `HAProxy has too few servers of the name ${kind}N for ${count} backends; raise the number behind \`server-template ${kind}\` and reload it`;
    }
    slots[chosen.name] = slot;
  }
  for (const [name, slot] of Object.entries(before)) {
    const server = facts.servers.get(name);
    const isLeaving = server !== undefined && (server.state === 'ready' || server.open > 0);
    if (slots[name] === undefined && isLeaving) slots[name] = slot;
  }
  return slots;
}

/** What each server is to be that Sluice may change. */
export function wantedServers(
  traffic: Traffic,
  draining: readonly string[],
  weights: ReadonlyMap<string, number>,
  slots: Readonly<Record<string, Slot>>,
  facts: Facts,
): ReadonlyMap<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  for (const { name, host, port } of facts.servers.values()) {
    if (!SLOT_NAME.test(name)) continue;
    const slot = slots[name];
    if (slot === undefined) {
      wanted.set(name, { address: host, port, weight: 0, state: 'maint' });
      continue;
    }
    const isServing = isNamed(slot, traffic) && !draining.includes(slot.version);
    const weight = slot.isStandby ? 1 : weights.get(slot.version)!;
    wanted.set(name, {
      address: slot.address,
      port: slot.backend.port,
      weight: isServing ? weight : 0,
      state: isServing ? 'ready' : 'drain',
    });
  }
  return wanted;
}

function wantedSlots(traffic: Traffic, addressOf: ReadonlyMap<string, string>): readonly Slot[] {
  return traffic.versions.flatMap(({ version, backends, standby, weightPercent }) =>
    backends.flatMap((backend) => {
      const slot = { version, backend, address: addressOf.get(backend.host)!, isStandby: false };
      return standby && weightPercent === 0 ? [slot, { ...slot, isStandby: true }] : [slot];
    }),
  );
}

function isNamed(slot: Slot, traffic: Traffic): boolean {
  const version = traffic.versions.find((one) => one.version === slot.version);
  if (version === undefined || !version.backends.some((backend) => isBackend(backend, slot.backend)))
    return false;
  return !slot.isStandby || (version.standby && version.weightPercent === 0);
}

function isSame(one: Slot, two: Slot): boolean {
  return (
    one.version === two.version &&
    one.isStandby === two.isStandby &&
    one.address === two.address &&
    isBackend(one.backend, two.backend)
  );
}

function isBackend(one: Backend, two: Backend): boolean {
  return one.host === two.host && one.port === two.port;
}
