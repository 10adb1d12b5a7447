import type { ReportHead } from './contract.ts';
import { TextChunks } from './text-decoder.ts';

/** How much of a file `readHead` wants to see. */
export const HEAD_BYTES_MAX = 65_536;

/** Looks at the beginning of a file. `name` may have folders. Never throws. */
export function readHead(name: string, bytes: Uint8Array): ReportHead {
  const text = decoded(bytes.subarray(0, HEAD_BYTES_MAX));
  const start = text.trimStart();
  const json = jsonShape(start);
  return {
    name: name.slice(name.lastIndexOf('/') + 1).toLowerCase(),
    text,
    xmlRoot: start.startsWith('<') ? xmlRoot(start) : null,
    json,
    jsonKeys: json === null ? new Set() : outerKeys(start),
  };
}

function decoded(bytes: Uint8Array): string {
  const chunks = new TextChunks();
  try {
    return chunks.decode(bytes) + chunks.end();
  } catch {
    return '';
  }
}

function xmlRoot(text: string): string | null {
  const plain = text
    .replace(/<!--[\s\S]*?(?:-->|$)/g, '')
    .replace(/<\?[\s\S]*?(?:\?>|$)/g, '')
    .replace(/<!DOCTYPE[^>[]*(?:\[[\s\S]*?\]\s*)?>/, '');
  return /^\s*<(?:[\w.-]+:)?([\w.-]+)/.exec(plain)?.[1] ?? null;
}

function jsonShape(text: string): ReportHead['json'] {
  if (text.startsWith('[')) return 'array';
  if (!text.startsWith('{')) return null;
  const firstLine = text.slice(0, text.indexOf('\n') + 1);
  return /^\{.*\}\s*$/.test(firstLine) && /^\s*\{/.test(text.slice(firstLine.length)) ? 'lines' : 'object';
}

/** Keys of the first object, however much of it there is. */
function outerKeys(text: string): ReadonlySet<string> {
  const keys = new Set<string>();
  const begin = text.startsWith('[') ? 1 : 0;
  const tokens = /"((?:[^"\\]|\\.)*)"(\s*:)?|[{}[\]]/gs;
  tokens.lastIndex = begin;
  let depth = 0;
  for (let found = tokens.exec(text); found; found = tokens.exec(text)) {
    const [token, key, colon] = found;
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && colon) keys.add(key!);
    if (depth <= 0) break;
  }
  return keys;
}
