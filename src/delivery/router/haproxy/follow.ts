import { createInterface } from 'node:readline';
import type { RequestLine } from '../contract.ts';
import type { Kept } from './kept.ts';
import type { RuntimeSocket } from './runtime-socket.ts';

/** Of HAProxy's configuration. */
const RING = 'sluice';

/**
 * Hands on what HAProxy writes into its ring `sluice` in the format of `option httplog`. Without such a ring it never has a line. A reader that is too slow
 * loses lines, and HAProxy says how many.
 */
export async function followRing(
  socket: RuntimeSocket,
  backend: string,
  kept: () => Kept,
  onLine: (line: RequestLine) => void,
): Promise<() => void> {
  const connection = socket.open();
  const begun = Promise.withResolvers<void>();
  for (const event of ['connect', 'error', 'close']) connection.on(event, () => begun.resolve());
  const lines = createInterface({ input: connection });
  lines.on('error', () => {});
  let lost = 0;
  lines.on('line', (text) => {
    const dropped = /(\d+) events? (?:lost|dropped)/.exec(text);
    if (dropped !== null) lost += Number(dropped[1]);
    const line = requestLine(text, backend, kept, lost);
    if (line === null) return;
    lost = 0;
    onLine(line);
  });
  connection.write(`show events ${RING} -w -n\n`);
  await begun.promise;
  return () => {
    lines.close();
    connection.destroy();
  };
}

const LINE =
  / (?<backend>[^\s/]+)\/(?<server>\S+) (?<times>[-\d]+\/[-\d]+\/[-\d]+\/[-\d]+\/[-+\d]+) (?<status>-?\d+) .*"(?<method>\S+) (?<path>\S+) HTTP\/[\d.]+"/;

/** null: no request of this backend's versions. */
function requestLine(text: string, backend: string, kept: () => Kept, lost: number): RequestLine | null {
  const found = LINE.exec(text)?.groups;
  if (found === undefined || found.backend !== backend) return null;
  const slot = kept().slots[found.server!];
  if (slot === undefined) return null;
  // Until the request was here, in the queue, until the connection, until the answer began, all: in milliseconds.
  const [, queued, connected, answered, all] = found.times!.split('/').map(Number);
  const began = [queued!, connected!, answered!];
  const status = Number(found.status);
  return {
    atMs: Date.now(),
    version: slot.version,
    backend: `${slot.backend.host}:${slot.backend.port}`,
    method: found.method!,
    path: found.path!,
    status: status > 0 ? status : null,
    latencyMs: began.every((part) => part >= 0) ? began.reduce((sum, part) => sum + part) : all!,
    lost,
  };
}
