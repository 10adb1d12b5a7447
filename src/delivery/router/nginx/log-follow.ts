import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import type { RequestLine } from '../contract.ts';
import type { Kept } from './kept.ts';
import { isGrown, type LogMark, markOf } from './log-mark.ts';
import { attemptsOf, versionsByAddress } from './log-tally.ts';

const POLL_MS = 100;
/** What comes quicker than this is lost, and told. */
const READ_BYTES_MAX = 4 * 1024 * 1024;

/** Hands on each attempt of a request that nginx writes into its log from now on, until the returned function is called. */
export function followLog(log: string, kept: () => Kept, onLine: (line: RequestLine) => void): () => void {
  let place = markOf(statSync(log));
  let left = '';
  const look = () => {
    const read = readFrom(log, place);
    if (read === null) return;
    place = read.place;
    const lines = (left + read.text).split('\n');
    left = lines.pop()!;
    const { traffic, addresses } = kept();
    if (traffic === null) return;
    const versions = versionsByAddress(traffic, addresses);
    let { lost } = read;
    for (const { address, ...attempt } of lines.flatMap(attemptsOf)) {
      const version = versions.get(address);
      if (version === undefined) continue;
      onLine({ ...attempt, version, backend: address, lost });
      lost = 0;
    }
  };
  const timer = setInterval(look, POLL_MS);
  return () => clearInterval(timer);
}

/** null: there is nothing new, or no log. `lost`: about how many lines were jumped over. */
function readFrom(
  log: string,
  place: LogMark,
): { readonly text: string; readonly place: LogMark; readonly lost: number } | null {
  try {
    const descriptor = openSync(log, 'r');
    try {
      const now = markOf(fstatSync(descriptor));
      const begin = isGrown(now, place) ? place.bytes : 0;
      const from = Math.max(begin, now.bytes - READ_BYTES_MAX);
      const lostBytes = from - begin;
      const buffer = Buffer.alloc(now.bytes - from);
      const count = readSync(descriptor, buffer, 0, buffer.length, from);
      if (count === 0) return null;
      const text = buffer.toString('utf8', 0, count);
      const lineBytes = count / Math.max(1, text.split('\n').length);
      return { text, place: { ...now, bytes: from + count }, lost: Math.round(lostBytes / lineBytes) };
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return null;
  }
}
