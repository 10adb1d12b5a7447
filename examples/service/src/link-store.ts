export interface Link {
  readonly code: string;
  readonly url: string;
  readonly hits: number;
}

/** Links of this process, in memory. A code is given once and never points elsewhere. */
export class LinkStore {
  readonly #links = new Map<string, { url: string; hits: number }>();
  readonly #codes = new Map<string, string>();

  /** The link for this address; the same address gets the same code. */
  add(url: string): Link {
    const known = this.#codes.get(url);
    if (known !== undefined) return this.find(known) as Link;
    const code = codeFor(this.#links.size + 1);
    this.#codes.set(url, code);
    this.#links.set(code, { url, hits: 0 });
    return { code, url, hits: 0 };
  }

  find(code: string): Link | null {
    const link = this.#links.get(code);
    return link === undefined ? null : { code, ...link };
  }

  /** Where a code leads, counting one hit. */
  follow(code: string): string | null {
    const link = this.#links.get(code);
    if (link === undefined) return null;
    link.hits += 1;
    return link.url;
  }
}

const ALPHABET = '23456789abcdefghjkmnpqrstvwxyz';

/** The n-th code: short, without letters and digits that are mistaken for each other. */
export function codeFor(index: number): string {
  let rest = index;
  let code = '';
  do {
    code = ALPHABET[rest % ALPHABET.length] + code;
    rest = Math.floor(rest / ALPHABET.length);
  } while (rest > 0);
  return code;
}
