import process from 'node:process';
import { userError } from '../base/diagnostic.ts';

/** More than any secret may have. */
const BYTES_MAX = 2 * 1024 * 1024;
const ENTER = /[\r\n]/;
const INTERRUPT = '\u0003';
const END = '\u0004';
const ERASE = /[\b\u007f]/;

/**
 * A secret value from standard input: typed into a terminal without being shown, or everything that a pipe or file holds,
 * without the line break at its end. Throws `UserError` when it is no text, too long, or the person gave up.
 */
export function readSecretValue(prompt: string): Promise<string> {
  return process.stdin.isTTY ? typedValue(prompt) : pipedValue();
}

async function pipedValue(): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > BYTES_MAX) throw userError('secret-value', 'the value on standard input is larger than 1 MiB');
    pieces.push(piece);
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(pieces));
    return text.replace(/\r?\n$/, '');
  } catch {
    throw userError(
      'secret-value',
      'the value on standard input is no UTF-8 text',
      'encode it: base64 FILE | sluice secret set NAME',
    );
  }
}

async function typedValue(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  // First: what is typed the moment the prompt is there must not be shown any more.
  stdin.setRawMode(true);
  stderr.write(prompt);
  stdin.setEncoding('utf8');
  let value = '';
  try {
    for await (const typed of stdin as unknown as AsyncIterable<string>) {
      for (const character of typed) {
        if (character === INTERRUPT)
          throw userError('secret-value', 'nothing was changed: the input was interrupted');
        if (ENTER.test(character) || character === END) return value;
        value = ERASE.test(character) ? [...value].slice(0, -1).join('') : value + character;
      }
    }
    return value;
  } finally {
    stdin.setRawMode(false);
    stderr.write('\n');
  }
}
