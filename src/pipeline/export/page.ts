import { visible } from '../../base/text.ts';
import type { Exported, ExportTarget, LossNote } from './contract.ts';

/** A file that is being written, line by line, with the losses that its comments tell. */
export class Page {
  readonly path: string;
  readonly #comment: string;
  readonly #lines: string[] = [];
  readonly #losses: { readonly note: LossNote; readonly line: number }[] = [];

  /** `comment`: how a comment begins, such as `#`. */
  constructor(path: string, comment: string) {
    this.path = path;
    this.#comment = comment;
  }

  /** Adds text of one or several lines. */
  add(text: string): void {
    this.#lines.push(...text.split('\n'));
  }

  /** A comment that is no loss. */
  remark(text: string, indent = ''): void {
    this.#lines.push(`${indent}${this.#comment} ${visible(text)}`);
  }

  note(note: LossNote, indent = ''): void {
    this.#lines.push(`${indent}${this.#comment} Lost: ${visible(note.message)}; ${visible(note.instead)}.`);
    this.#losses.push({ note, line: this.#lines.length });
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  losses() {
    return this.#losses.map(({ note, line }) => ({ ...note, file: this.path, line }));
  }
}

export function exported(target: ExportTarget, pages: readonly Page[]): Exported {
  return {
    target,
    files: pages.map((page) => ({ path: page.path, text: page.text() })),
    losses: pages.flatMap((page) => page.losses()),
  };
}
