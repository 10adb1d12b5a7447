import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { RouterCounts, Traffic } from '../contract.ts';
import { Counters } from '../counters.ts';
import type { Kept } from './kept.ts';
import { isGrown, markOf } from './log-mark.ts';

const CHUNK_BYTES = 1024 * 1024;

/** Counts of one epoch as far as its log was read. */
interface Progress {
  readonly epoch: string;
  readonly file: string;
  readonly counters: Counters;
  bytes: number;
}

/** Reads an access log in Sluice's format on and on, each part of it once as long as the epoch is the same. */
export class LogTally {
  #progress: Progress | null = null;

  /** What each version did since the epoch began. A log that was rotated begins a new one. Throws when there is no log. */
  read(log: string, { traffic, addresses, epoch }: Kept): RouterCounts {
    if (traffic === null || epoch === null)
      return { outcome: 'known', epoch: '', thresholdsMs: [], versions: {} };
    const descriptor = openSync(log, 'r');
    try {
      const now = markOf(fstatSync(descriptor));
      const begin = isGrown(now, epoch.log) ? epoch.log.bytes : 0;
      // One that was cut short is a new one, and whoever has read it before knows.
      const isCut =
        this.#progress !== null && this.#progress.file === now.file && now.bytes < this.#progress.bytes;
      const id = `${epoch.id}/${now.file}`;
      if (!this.#progress?.epoch.startsWith(id) || isCut) {
        const counters = new Counters(
          isCut ? `${id}/${now.bytes}` : id,
          traffic.thresholdsMs,
          epoch.startedAtMs,
        );
        this.#progress = { epoch: counters.epoch, file: now.file, counters, bytes: begin };
      }
      this.#readTo(descriptor, now.bytes, this.#progress, versionsByAddress(traffic, addresses));
    } finally {
      closeSync(descriptor);
    }
    const { counters } = this.#progress;
    const { thresholdsMs } = traffic;
    return { outcome: 'known', epoch: counters.epoch, thresholdsMs, versions: counters.read(Date.now()) };
  }

  #readTo(descriptor: number, size: number, progress: Progress, versions: ReadonlyMap<string, string>): void {
    const buffer = Buffer.alloc(Math.min(CHUNK_BYTES, Math.max(0, size - progress.bytes)));
    while (progress.bytes < size) {
      const count = readSync(descriptor, buffer, 0, buffer.length, progress.bytes);
      // Only whole lines.
      const end = buffer.subarray(0, count).lastIndexOf(10) + 1;
      if (end === 0) return;
      for (const line of buffer.toString('utf8', 0, end).split('\n'))
        countLine(line, versions, progress.counters);
      progress.bytes += end;
    }
  }
}

/** One line: each backend that was asked counts. */
function countLine(line: string, versions: ReadonlyMap<string, string>, counters: Counters): void {
  for (const { atMs, address, status, latencyMs } of attemptsOf(line)) {
    const version = versions.get(address);
    if (version !== undefined) counters.record(version, status === null || status >= 500, latencyMs, atMs);
  }
}

/** One time that a backend was asked. */
export interface Attempt {
  readonly atMs: number;
  readonly address: string;
  /** null: there was no answer. */
  readonly status: number | null;
  readonly latencyMs: number;
  readonly method: string;
  readonly path: string;
}

/** The attempts of one request in a line of the log; none when the line cannot be read. */
export function attemptsOf(line: string): readonly Attempt[] {
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = JSON.parse(line);
  } catch {
    return [];
  }
  const list = (name: string) => String(fields[name] ?? '').split(/, | : /);
  const [statuses, began, took] = [list('statuses'), list('began'), list('took')];
  return list('address').flatMap((address, at) => {
    if (!/:\d+$/.test(address)) return [];
    const isAnswered = began[at] !== undefined && began[at] !== '-';
    const seconds = Number(isAnswered ? began[at] : took[at]);
    return [
      {
        atMs: Number(fields.at) * 1000,
        address,
        // nginx writes its own 502 for a backend that did not answer.
        status: isAnswered ? Number(statuses[at]) : null,
        latencyMs: Number.isFinite(seconds) ? seconds * 1000 : 0,
        method: String(fields.method),
        path: String(fields.path),
      },
    ];
  });
}

/** As nginx writes addresses. */
export function versionsByAddress(
  traffic: Traffic,
  addresses: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  return new Map(
    traffic.versions.flatMap(({ version, backends }) =>
      backends.map(({ host, port }) => {
        const address = addresses[host]!;
        return [`${address.includes(':') ? `[${address}]` : address}:${port}`, version] as const;
      }),
    ),
  );
}
