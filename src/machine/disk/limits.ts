import { ROOMY_BYTES } from './space.ts';

/** What Sluice may take up on the disk of its data folder, and what it leaves free. */
export interface DiskLimits {
  /** Below it no new run begins. */
  readonly floor: Floor;
  /** Logs of runs that are over: the oldest go first. */
  readonly logBytesMax: number;
  readonly logAgeMaxMs: number;
  /** Caches and workspaces that were kept: those used last stay. */
  readonly cacheBytesMax: number;
  readonly cacheAgeMaxMs: number;
  /** Artifacts: those that expire soonest go first; pinned ones stay. */
  readonly artifactBytesMax: number;
}

export type Floor =
  | { readonly kind: 'bytes'; readonly bytes: number }
  | { readonly kind: 'percent'; readonly percent: number }
  /** 1 GiB, and of a small disk 2 %. */
  | { readonly kind: 'default' };

const GIB = 1024 ** 3;
const DAY_MS = 86_400_000;
const FLOOR_PERCENT = 2;

export const DISK_LIMITS: DiskLimits = {
  floor: { kind: 'default' },
  logBytesMax: 2 * GIB,
  logAgeMaxMs: 90 * DAY_MS,
  cacheBytesMax: 10 * GIB,
  cacheAgeMaxMs: 30 * DAY_MS,
  artifactBytesMax: 50 * GIB,
};

/** The floor of a disk of this size, in bytes. */
export function floorBytes(floor: Floor, totalBytes: number): number {
  switch (floor.kind) {
    case 'bytes':
      return floor.bytes;
    case 'percent':
      return (totalBytes * floor.percent) / 100;
    case 'default':
      return Math.min(ROOMY_BYTES, (totalBytes * FLOOR_PERCENT) / 100);
  }
}

/** How the settings are read: sizes and times as everywhere in Sluice. */
export interface Readers {
  /** null: it is no size. */
  readonly size: (text: string) => number | null;
  /** In milliseconds. null: it is no time. */
  readonly time: (text: string) => number | null;
}

/**
 * The limits that the environment sets, over the defaults. A setting that cannot be read throws what `wrong` makes of its name,
 * its text and what was expected.
 */
export function readDiskLimits(
  environment: Readonly<Record<string, string | undefined>>,
  readers: Readers,
  wrong: (name: string, text: string, expected: string) => Error,
): DiskLimits {
  const read = (name: string, reader: (text: string) => number | null, expected: string): number | null => {
    const text = environment[name]?.trim();
    if (!text) return null;
    const value = reader(text);
    if (value === null) throw wrong(name, text, expected);
    return value;
  };
  const size = (name: string, usual: number) => read(name, readers.size, 'a size such as 20GiB') ?? usual;
  const time = (name: string, usual: number) => read(name, readers.time, 'a time such as 30d') ?? usual;
  return {
    floor: readFloor(environment.SLUICE_DISK_FLOOR, readers, wrong),
    logBytesMax: size('SLUICE_LOGS_MAX', DISK_LIMITS.logBytesMax),
    logAgeMaxMs: time('SLUICE_LOGS_AGE', DISK_LIMITS.logAgeMaxMs),
    cacheBytesMax: size('SLUICE_CACHE_MAX', DISK_LIMITS.cacheBytesMax),
    cacheAgeMaxMs: time('SLUICE_CACHE_AGE', DISK_LIMITS.cacheAgeMaxMs),
    artifactBytesMax: size('SLUICE_ARTIFACTS_MAX', DISK_LIMITS.artifactBytesMax),
  };
}

function readFloor(
  text: string | undefined,
  { size }: Readers,
  wrong: (name: string, text: string, expected: string) => Error,
): Floor {
  const given = text?.trim();
  if (!given) return DISK_LIMITS.floor;
  if (given === '0') return { kind: 'bytes', bytes: 0 };
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(given);
  if (percent && Number(percent[1]) < 100) return { kind: 'percent', percent: Number(percent[1]) };
  const bytes = size(given);
  if (bytes === null) throw wrong('SLUICE_DISK_FLOOR', given, 'a size such as 1GiB, or a part such as 2%');
  return { kind: 'bytes', bytes };
}
