import { resolve } from 'node:path';
import { userError } from '../base/diagnostic.ts';
import type { JsonObject, JsonValue } from '../base/json.ts';
import { visible } from '../base/text.ts';
import type { Context } from './context.ts';

/** No forge sends more. */
const BYTES_MAX = 25 * 1024 * 1024;
const DEPTH_MAX = 64;

/** The payload of an event from a file: one JSON object. Throws `UserError` naming the file and what is wrong with it. */
export async function readPayload(context: Context, path: string): Promise<JsonObject> {
  const problem = (what: string) =>
    userError('bad-payload', `--payload ${visible(path)}: ${what}`, 'give the JSON text that the forge sent');
  if (/^[-@]/.test(path)) {
    throw userError(
      'bad-payload',
      `--payload ${visible(path)} begins with \`${path[0]}\`, and nothing is read by that`,
      `name the file: --payload ./${visible(path)}`,
    );
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of context.ports.files.chunks(resolve(context.ports.cwd, path))) {
    bytes += chunk.length;
    if (bytes > BYTES_MAX) throw problem(`it has more than ${BYTES_MAX} bytes, more than any forge sends`);
    chunks.push(chunk);
  }
  const value = parsed(Buffer.concat(chunks));
  if (value === undefined) throw problem('it is not JSON');
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw problem('it is JSON, but not an object');
  if (isDeeperThan(value, DEPTH_MAX)) throw problem(`its objects are nested more than ${DEPTH_MAX} deep`);
  return value as JsonObject;
}

function parsed(bytes: Uint8Array): JsonValue | undefined {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as JsonValue;
  } catch {
    return undefined;
  }
}

/** Without calling itself: a hostile one is as deep as it likes. */
function isDeeperThan(value: JsonValue, depthMax: number): boolean {
  let level: JsonValue[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > depthMax) return true;
    level = level.flatMap((one) => (one !== null && typeof one === 'object' ? Object.values(one) : []));
  }
  return false;
}
