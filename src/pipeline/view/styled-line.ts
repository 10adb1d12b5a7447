import { styleText } from 'node:util';

/** A piece of a line and how it looks where colour is allowed. */
export interface Segment {
  readonly text: string;
  readonly style?: 'bold' | 'dim' | 'yellow' | 'cyan';
}

/** Lines of at most `width` characters. */
export class Lines {
  readonly width: number;
  readonly #colour: boolean;
  readonly #lines: string[] = [];

  constructor(width: number, colour: boolean) {
    this.width = width;
    this.#colour = colour;
  }

  /** One line: `left` shortened as needed, `right` at the right edge. */
  add(left: readonly Segment[], right: readonly Segment[] = []): void {
    const space = this.width - lengthOf(right) - (right.length > 0 ? 1 : 0);
    const fitted = shortened(left, space);
    const gap = right.length > 0 ? ' '.repeat(this.width - lengthOf(right) - lengthOf(fitted)) : '';
    this.#lines.push(
      [...fitted, { text: gap }, ...right]
        .map((segment) => this.#paint(segment))
        .join('')
        .trimEnd(),
    );
  }

  /** A sentence over as many lines as it needs, each behind `indent`. */
  wrap(indent: string, sentence: Segment): void {
    const space = Math.max(20, this.width - indent.length);
    for (const line of wrapped(sentence.text, space))
      this.add([
        { text: indent, style: 'dim' },
        { ...sentence, text: line },
      ]);
  }

  toString(): string {
    return this.#lines.map((line) => `${line}\n`).join('');
  }

  #paint({ text, style }: Segment): string {
    return this.#colour && style && text !== '' ? styleText(style, text, { validateStream: false }) : text;
  }
}

function lengthOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { text }) => sum + [...text].length, 0);
}

function shortened(segments: readonly Segment[], space: number): readonly Segment[] {
  if (lengthOf(segments) <= space) return segments;
  const fitted: Segment[] = [];
  let left = space - 1;
  for (const segment of segments) {
    const characters = [...segment.text].slice(0, left);
    left -= characters.length;
    fitted.push({ ...segment, text: characters.join('') });
  }
  return [...fitted, { text: '…' }];
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
