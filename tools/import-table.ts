/**
 * Who may import whom, as data. ARCHITECTURE.md shows the same table and a test proves that both agree;
 * `node tools/check-imports.ts` holds the source to it and `--table` prints it as Markdown.
 */

/** How much of another room may be imported: everything, only types, only its contract files, or only these files. */
export type Reach = 'all' | 'types' | 'contract' | readonly string[];

export interface TableRow {
  readonly layer: number;
  /** Folders under src/, with the same rights. A nested room, such as delivery/router, is not part of the outer one. */
  readonly rooms: readonly string[];
  /** No file, process, socket, timer, clock or chance. */
  readonly pure: boolean;
  /** A room or a group of rooms -> how much of it. A room may always import itself. */
  readonly may: Readonly<Record<string, Reach>>;
}

/** Names that stand for several rooms in `may`. */
export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'layer 0': ['base', 'journal'],
  'layer 1': ['pipeline', 'gate', 'engine', 'delivery', 'rollback', 'metrics', 'build'],
  'layer 2': [
    'driver',
    'executor',
    'cache',
    'artifact',
    'secret',
    'store',
    'forge',
    'delivery/target',
    'delivery/router',
    'delivery/source',
  ],
};

/** The files that are a room's contract, where that is more than `contract.ts`. */
export const CONTRACT_FILES: Readonly<Record<string, readonly string[]>> = {
  cache: ['contract.ts', 'work/changes.ts', 'work/fingerprint.ts', 'work/input-names.ts'],
  runner: ['contract.ts', 'log/paths.ts', 'log/reader.ts'],
  client: [
    'contract.ts',
    'run-view.ts',
    'fold-run.ts',
    'deployment/contract.ts',
    'deployment/view.ts',
    'deployment/fold.ts',
    'deployment/story.ts',
    'gate/contract.ts',
  ],
};

export const IMPORT_TABLE: readonly TableRow[] = [
  { layer: 0, rooms: ['base'], pure: true, may: {} },
  { layer: 0, rooms: ['journal'], pure: true, may: { base: 'all' } },
  { layer: 1, rooms: ['pipeline', 'build'], pure: true, may: { 'layer 0': 'all' } },
  {
    layer: 1,
    rooms: ['gate', 'delivery'],
    pure: true,
    may: { 'layer 0': 'all', pipeline: ['plan*.ts', 'expression*.ts'] },
  },
  {
    layer: 1,
    rooms: ['engine'],
    pure: true,
    may: {
      'layer 0': 'all',
      pipeline: ['plan*.ts', 'packed-plan.ts', 'expression*.ts', 'matrix*.ts'],
      gate: ['approval.ts', 'result.ts'],
    },
  },
  {
    layer: 1,
    rooms: ['rollback'],
    pure: true,
    may: { 'layer 0': 'all', pipeline: ['plan*.ts'], delivery: 'types' },
  },
  { layer: 1, rooms: ['metrics'], pure: true, may: { 'layer 0': 'all' } },
  { layer: 2, rooms: ['driver'], pure: false, may: { 'layer 0': 'all', 'layer 1': 'types' } },
  {
    layer: 2,
    rooms: ['executor', 'cache', 'secret', 'store', 'forge', 'delivery/target', 'delivery/router'],
    pure: false,
    may: { 'layer 0': 'all', 'layer 1': 'types', driver: 'all' },
  },
  {
    layer: 2,
    rooms: ['delivery/source'],
    pure: false,
    may: { 'layer 0': 'all', 'layer 1': 'types', driver: 'all', 'delivery/router': 'contract' },
  },
  {
    layer: 2,
    rooms: ['artifact'],
    pure: false,
    may: { 'layer 0': 'all', 'layer 1': 'types', driver: 'all', cache: 'contract' },
  },
  { layer: 3, rooms: ['api'], pure: false, may: { 'layer 0': 'all', 'layer 1': 'types' } },
  {
    layer: 4,
    rooms: ['runner'],
    pure: false,
    may: { 'layer 0': 'all', 'layer 1': 'all', 'layer 2': 'contract', api: 'all' },
  },
  {
    layer: 4,
    rooms: ['controller'],
    pure: false,
    may: { 'layer 0': 'all', 'layer 1': 'all', 'layer 2': 'contract', api: 'all', runner: 'contract' },
  },
  {
    layer: 5,
    rooms: ['client', 'sdk', 'server', 'agent'],
    pure: false,
    may: {
      'layer 0': 'all',
      'layer 1': 'all',
      'layer 2': 'contract',
      api: 'all',
      runner: 'contract',
      controller: 'all',
      client: 'contract',
    },
  },
  // The real clock, chance and owners of this machine; only main.ts takes them.
  {
    layer: 5,
    rooms: ['machine'],
    pure: false,
    may: { 'layer 0': 'all', 'layer 1': 'types', runner: 'contract', controller: 'contract' },
  },
  {
    layer: 6,
    rooms: ['cli', 'web', 'mcp'],
    pure: false,
    may: {
      'layer 0': 'all',
      pipeline: 'all',
      gate: 'all',
      delivery: ['analysis/*.ts'],
      secret: 'contract',
      api: 'all',
      client: 'contract',
      sdk: 'all',
    },
  },
];

/** Rooms that join contracts to implementations: they may import everything. */
export const JOINING_ROOMS: readonly string[] = ['main'];

/** The table as the Markdown that ARCHITECTURE.md holds. */
export function importTableMarkdown(): string {
  const lines = ['| layer | rooms | pure | may import |', '|---|---|---|---|'];
  for (const row of IMPORT_TABLE) {
    const may = Object.entries(row.may).map(([name, reach]) => reachText(name, reach));
    lines.push(
      `| ${row.layer} | ${row.rooms.join(', ')} | ${row.pure ? 'yes' : ''} | ${may.join('; ') || 'nothing of ours'} |`,
    );
  }
  lines.push(`| 7 | ${JOINING_ROOMS.join(', ')} | | everything |`);
  const contracts = Object.entries(CONTRACT_FILES).map(([room, files]) => `${room} (${files.join(', ')})`);
  lines.push('', `Contracts of several files: ${contracts.join('; ')}.`);
  return lines.join('\n');
}

function reachText(name: string, reach: Reach): string {
  if (reach === 'all') return name;
  if (reach === 'types') return `types of ${name}`;
  if (reach === 'contract') return name.startsWith('layer') ? `contracts of ${name}` : `contract of ${name}`;
  return `of ${name} ${reach.map((file) => `\`${file}\``).join(', ')}`;
}
