import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { visible } from '../../../base/text.ts';
import { replaceFile } from '../replace-file.ts';
import { askFacts, type Facts } from './facts.ts';
import type { Entries } from './maps.ts';
import type { RuntimeSocket } from './runtime-socket.ts';
import type { Wanted } from './slots.ts';

/** HAProxy reads it when it starts or is reloaded: `server-state-file-name`. */
const STATE_FILE = 'servers.state';

/** All that HAProxy is to do. */
export interface Orders {
  readonly servers: ReadonlyMap<string, Wanted>;
  readonly maps: ReadonlyMap<string, Entries>;
}

/**
 * Makes HAProxy do what is ordered, in one line of commands: what gains comes first, so that there is always somebody to answer, then the
 * rules, then what loses. Then writes the files from which HAProxy begins after a reload. Does nothing where there is nothing
 * to do. Returns a warning when the files cannot be written. Rejects when HAProxy does not do it.
 */
export async function apply(
  socket: RuntimeSocket,
  backend: string,
  orders: Orders,
  facts: Facts,
): Promise<string | null> {
  const maps = await differingMaps(socket, orders.maps, facts);
  const line = [
    ...gains(backend, orders.servers, facts),
    ...(await mapCommands(socket, maps)),
    ...losses(backend, orders.servers, facts),
  ].join(';');
  const replies = line === '' ? '' : await socket.ask(line);
  const after = await askFacts(socket, backend);
  if (after === null) throw new Error(`HAProxy has no backend ${visible(backend)} any more`);
  const left = differingServers(orders.servers, after);
  if (left.length > 0) {
    const said = replies.replace(/\s+/g, ' ').trim() || 'it gives no reason';
    throw new Error(`HAProxy did not change its server ${left[0]} (${visible(said)})`);
  }
  return save(orders.maps, after);
}

/** Names of servers that are not what they are to be. */
export function differingServers(wanted: Orders['servers'], facts: Facts): readonly string[] {
  return [...wanted].flatMap(([name, { address, port, weight, state }]) => {
    const server = facts.servers.get(name);
    if (server === undefined || server.state !== state) return [name];
    if (state === 'maint') return [];
    const isSame = server.host === address && server.port === port && server.weight === weight;
    return isSame ? [] : [name];
  });
}

function gains(backend: string, servers: Orders['servers'], facts: Facts): string[] {
  return [...servers].flatMap(([name, { address, port, weight, state }]) => {
    const server = facts.servers.get(name)!;
    if (state === 'maint') return [];
    const commands: string[] = [];
    const set = (what: string) => commands.push(`set server ${backend}/${name} ${what}`);
    if (server.host !== address || server.port !== port) set(`addr ${address} port ${port}`);
    if (weight > server.weight || server.state === 'maint') set(`weight ${weight}`);
    if (state === 'ready' && server.state !== 'ready') set('state ready');
    return commands;
  });
}

function losses(backend: string, servers: Orders['servers'], facts: Facts): string[] {
  return [...servers].flatMap(([name, { weight, state }]) => {
    const server = facts.servers.get(name)!;
    const commands: string[] = [];
    const set = (what: string) => commands.push(`set server ${backend}/${name} ${what}`);
    if (state !== 'maint' && weight < server.weight && server.state !== 'maint') set(`weight ${weight}`);
    if (state !== 'ready' && server.state !== state) set(`state ${state}`);
    return commands;
  });
}

async function differingMaps(
  socket: RuntimeSocket,
  maps: Orders['maps'],
  facts: Facts,
): Promise<ReadonlyMap<string, Entries>> {
  const differing = new Map<string, Entries>();
  const look = async ([name, entries]: readonly [string, Entries]) => {
    const path = facts.maps.get(name)!;
    const present = (await socket.ask(`show map ${path}`)).split('\n').flatMap((line) => {
      const [, key, value] = /^0x\w+ (\S+) (\S+)/.exec(line) ?? [];
      return key === undefined ? [] : [`${key} ${value}`];
    });
    if (present.sort().join('\n') !== lines(entries).sort().join('\n')) differing.set(path, entries);
  };
  await Promise.all([...maps].map(look));
  return differing;
}

/** A map is replaced at once: what is added to a new version of it is not seen before its commit. */
async function mapCommands(socket: RuntimeSocket, maps: ReadonlyMap<string, Entries>): Promise<string[]> {
  const commands: string[] = [];
  for (const [path, entries] of maps) {
    const prepared = await socket.ask(`prepare map ${path}`);
    const version = /New version created: (\d+)/.exec(prepared)?.[1];
    if (version === undefined)
      throw new Error(`HAProxy does not replace its map ${visible(path)} (${visible(prepared.trim())})`);
    for (const [key, value] of entries) commands.push(`add map @${version} ${path} ${key} ${value}`);
    commands.push(`commit map @${version} ${path}`);
  }
  return commands;
}

/** Returns a warning, or null. */
function save(maps: Orders['maps'], facts: Facts): string | null {
  const folder = dirname([...facts.maps.values()][0]!);
  const text = [...facts.stateHead, ...[...facts.servers.values()].map(({ columns }) => columns.join(' '))];
  try {
    if (!existsSync(folder)) throw new Error('it is not on this machine');
    for (const [name, entries] of maps) {
      const file = join(folder, name);
      const content = lines(entries)
        .map((entry) => `${entry}\n`)
        .join('');
      if (readFileSync(file, 'utf8') !== content) replaceFile(file, content, 0o644);
    }
    replaceFile(join(folder, STATE_FILE), `${text.join('\n')}\n`, 0o644);
    return null;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return `the weights hold, but not after a reload of HAProxy: ${visible(folder)} could not be written (${code ?? message})`;
  }
}

function lines(entries: Entries): string[] {
  return entries.map(([key, value]) => `${key} ${value}`);
}
