import { TextDecoder } from 'node:util';
import { ReportError } from './contract.ts';

const DECLARATION_BYTES_MAX = 1024;

/** Turns the chunks of a text file into text. Without a byte order mark or an XML declaration that says otherwise it is UTF-8. */
export class TextChunks {
  #decoder: TextDecoder | null = null;
  #head: Uint8Array | null = null;

  /** The text of a chunk, as far as its characters are complete; empty while the encoding is not known yet. */
  decode(chunk: Uint8Array): string {
    if (this.#decoder) return this.#decoder.decode(chunk, STREAM);
    this.#head = this.#head ? joined([this.#head, chunk]) : chunk;
    if (this.#head.length < DECLARATION_BYTES_MAX && !this.#head.includes(0x3e)) return '';
    return this.#begin();
  }

  /** What is left at the end. */
  end(): string {
    const rest = this.#decoder ? '' : this.#begin();
    return rest + this.#decoder!.decode();
  }

  #begin(): string {
    const head = this.#head ?? new Uint8Array(0);
    this.#head = null;
    this.#decoder = decoderFor(head);
    return this.#decoder.decode(head, STREAM);
  }
}

const STREAM = { stream: true };

function decoderFor(head: Uint8Array): TextDecoder {
  if (head[0] === 0xff && head[1] === 0xfe) return new TextDecoder('utf-16le');
  if (head[0] === 0xfe && head[1] === 0xff) return new TextDecoder('utf-16be');
  const start = new TextDecoder('latin1').decode(head.subarray(0, DECLARATION_BYTES_MAX));
  const label = /^(?:\u00ef\u00bb\u00bf)?\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(start)?.[1];
  if (!label || /^utf-?(8|16)$/i.test(label)) return new TextDecoder();
  try {
    return new TextDecoder(label);
  } catch {
    throw new ReportError('report-malformed', `its encoding ${label} is not known`, {
      line: 1,
      column: 1,
      suggestion: 'let the tool write UTF-8',
    });
  }
}

/** One array with the bytes of all. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
