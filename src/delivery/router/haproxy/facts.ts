import type { RuntimeSocket } from './runtime-socket.ts';

/** What HAProxy says of a backend, asked just now. */
export interface Facts {
  /** Of its present process: another one counts from 0. */
  readonly process: string;
  readonly servers: ReadonlyMap<string, ServerFacts>;
  /** Its maps by the end of their paths: `threshold.map` for `/any/folder/BACKEND/threshold.map`. */
  readonly maps: ReadonlyMap<string, string>;
  /** The first lines of a file with the states of servers, as HAProxy reads it when it starts. */
  readonly stateHead: readonly string[];
}

export interface ServerFacts {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  readonly state: 'ready' | 'drain' | 'maint';
  readonly isBackup: boolean;
  /** Its check, or a connection, says that it does not answer. */
  readonly isDown: boolean;
  /** Requests that are open now. */
  readonly open: number;
  readonly counts: ServerCounts;
  /** Its line in a file of states, in columns. */
  readonly columns: readonly string[];
}

/** Since HAProxy's process started. */
export interface ServerCounts {
  readonly requests: number;
  readonly errors: number;
  readonly exceed: readonly number[];
}

/** Bits of `srv_admin_state`. */
export const ADMIN = { forcedMaintenance: 1, byConfiguration: 4, drain: 8 } as const;
/** Columns of `show servers state`. */
export const COLUMN = {
  name: 3,
  address: 4,
  operation: 5,
  admin: 6,
  weight: 7,
  port: 18,
} as const;

/** Asks for all that is known of a backend. null: HAProxy has no such backend. Rejects when it cannot be asked. */
export async function askFacts(socket: RuntimeSocket, backend: string): Promise<Facts | null> {
  // One connection each: an unknown name would end a line of several commands.
  const [info, states, stat, table, maps] = await Promise.all([
    socket.ask('show info'),
    socket.ask(`show servers state ${backend}`),
    socket.ask(`show stat ${backend} 4 -1`),
    socket.ask(`show table ${backend}-latency`),
    socket.ask('show map'),
  ]);
  const [version, heading, ...lines] = states.trim().split('\n');
  if (heading === undefined || !heading.startsWith('#')) return null;
  const tallies = statRows(stat);
  const exceeds = new Map(table.split('\n').map((line) => [/ key=(\S+) /.exec(line)?.[1], exceedOf(line)]));
  const servers = new Map<string, ServerFacts>();
  for (const line of lines) {
    const columns = line.split(' ');
    const name = columns[COLUMN.name]!;
    const tally = tallies.get(name);
    if (tally === undefined) continue;
    const admin = Number(columns[COLUMN.admin]);
    const count = (column: string) => Number(tally[column] || 0);
    servers.set(name, {
      name,
      host: columns[COLUMN.address]!,
      port: Number(columns[COLUMN.port]),
      weight: Number(columns[COLUMN.weight]),
      state: admin & ADMIN.forcedMaintenance ? 'maint' : admin & ADMIN.drain ? 'drain' : 'ready',
      isBackup: tally.bck === '1',
      isDown: tally.status!.startsWith('DOWN'),
      open: count('scur'),
      counts: {
        requests: count('stot') - count('scur'),
        // A request that was taken elsewhere because this server did not answer is an error of this server.
        errors: count('hrsp_5xx') + count('econ') + count('eresp') + count('wredis'),
        exceed: exceeds.get(name) ?? [],
      },
      columns,
    });
  }
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(info)?.[1] ?? '';
  return {
    process: `${field('Pid')}@${field('Start_time_sec')}`,
    servers,
    maps: mapsOf(maps, backend),
    stateHead: [version!, heading],
  };
}

function statRows(text: string): Map<string, Readonly<Record<string, string>>> {
  const [heading = '', ...lines] = text.trim().split('\n');
  const columns = heading.replace('# ', '').split(',');
  return new Map(
    lines.map((line) => {
      const values = line.split(',');
      return [values[1]!, Object.fromEntries(columns.map((column, at) => [column, values[at] ?? '']))];
    }),
  );
}

function exceedOf(line: string): readonly number[] {
  return [...line.matchAll(/ gpc\d+=(\d+)/g)].map(([, count]) => Number(count));
}

function mapsOf(text: string, backend: string): Map<string, string> {
  const paths = [...text.matchAll(/^\d+ \((\S+)\)/gm)].map(([, path]) => path!);
  const inside = paths.filter((path) => path.split('/').at(-2) === backend);
  return new Map(inside.map((path) => [path.split('/').at(-1)!, path]));
}
