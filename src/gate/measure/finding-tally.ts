import type { Finding } from '../facts/finding.ts';
import { compareFindings } from './compare-finding.ts';

/** So many places are looked at; a report may be made to have the same hash everywhere. */
const PROBES_MAX = 64;

/**
 * How often findings are there, by what stays when lines move and files are renamed: path, rule, text, package, tool and category.
 * Those that agree in all of these are a group. Groups are numbers in a table of hashes, and every hash that fits is compared
 * in full. Maps of texts, with an object for each group, cost more than all else in a verdict on 100,000 findings.
 */
export class FindingTally {
  /** The first finding of each group, and the path that its file has now. */
  readonly #likes: Finding[] = [];
  readonly #paths: string[] = [];
  readonly #hashes: Int32Array;
  /** How many of each group were counted, and then taken. */
  readonly #counts: Int32Array;
  readonly #takes: Int32Array;
  /** At its hash, or at the next free place, 1 and the number of the group; 0 is a free place. */
  readonly #slots: Int32Array;
  /** Groups that found no place near their hash, by everything that tells them apart. */
  readonly #others = new Map<string, number>();
  readonly #taken: Finding[] = [];
  /** The group of each that was taken. */
  readonly #groups: number[] = [];

  /** Counts `findings`. `pathNow` says where the file is now that was at a path; `''` stands for no place. */
  constructor(findings: readonly Finding[], pathNow: (path: string) => string) {
    const most = findings.length;
    this.#hashes = new Int32Array(most);
    this.#counts = new Int32Array(most);
    this.#takes = new Int32Array(most);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * most + 1)));
    for (const finding of findings) this.#count(finding, pathNow(pathOf(finding)));
  }

  /** Takes one against those that were counted. Returns whether anything like it was. */
  take(finding: Finding): boolean {
    const path = pathOf(finding);
    const slot = this.#slotOf(finding, path, hashOf(finding, path));
    const group = slot < 0 ? this.#others.get(textOf(finding, path)) : this.#slots[slot]! - 1;
    if (group === undefined || group < 0) return false;
    this.#takes[group]!++;
    this.#taken.push(finding);
    this.#groups.push(group);
    return true;
  }

  /** The worst of what was taken beyond what was counted. */
  beyond(): readonly Finding[] {
    const exceeded = new Map<number, Finding[]>();
    this.#groups.forEach((group, index) => {
      if (this.#takes[group]! <= this.#counts[group]!) return;
      const taken = exceeded.get(group);
      if (taken) taken.push(this.#taken[index]!);
      else exceeded.set(group, [this.#taken[index]!]);
    });
    return [...exceeded].flatMap(([group, taken]) =>
      taken.sort(compareFindings).slice(0, taken.length - this.#counts[group]!),
    );
  }

  #count(finding: Finding, path: string): void {
    const hash = hashOf(finding, path);
    const slot = this.#slotOf(finding, path, hash);
    if (slot < 0) {
      const text = textOf(finding, path);
      const group = this.#others.get(text) ?? this.#begin(finding, path, hash);
      this.#others.set(text, group);
      this.#counts[group]!++;
      return;
    }
    if (this.#slots[slot] === 0) this.#slots[slot] = 1 + this.#begin(finding, path, hash);
    this.#counts[this.#slots[slot]! - 1]!++;
  }

  #begin(finding: Finding, path: string, hash: number): number {
    const group = this.#likes.length;
    this.#hashes[group] = hash;
    this.#likes.push(finding);
    this.#paths.push(path);
    return group;
  }

  /** The place of the finding's group, or the free one where it belongs; -1 when others have all of these. */
  #slotOf(finding: Finding, path: string, hash: number): number {
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (let probes = 0; probes < PROBES_MAX; probes++) {
      const group = this.#slots[slot]! - 1;
      if (group < 0) return slot;
      if (
        this.#hashes[group] === hash &&
        this.#paths[group] === path &&
        isAlike(this.#likes[group]!, finding)
      ) {
        return slot;
      }
      slot = (slot + 1) & mask;
    }
    return -1;
  }
}

function pathOf({ place }: Finding): string {
  return place === null ? '' : place.path;
}

function packageOf({ package: of }: Finding): string {
  return of === null ? '' : of.name;
}

function isAlike(a: Finding, b: Finding): boolean {
  return (
    a.anchor === b.anchor &&
    a.rule === b.rule &&
    a.category === b.category &&
    a.tool === b.tool &&
    packageOf(a) === packageOf(b)
  );
}

function textOf(finding: Finding, path: string): string {
  const { rule, anchor, category, tool } = finding;
  return JSON.stringify([path, rule, anchor, category, tool, packageOf(finding)]);
}

function hashOf(finding: Finding, path: string): number {
  return hashed(hashed(hashed(7, path), finding.anchor), packageOf(finding));
}

/** Two sums in turns, since each step of one would wait for the step before. */
function hashed(seed: number, text: string): number {
  let [even, odd] = [seed, ~seed];
  const pairs = text.length & ~1;
  for (let at = 0; at < pairs; at += 2) {
    even = (Math.imul(even, 31) + text.charCodeAt(at)) | 0;
    odd = (Math.imul(odd, 37) + text.charCodeAt(at + 1)) | 0;
  }
  if (pairs < text.length) even = (Math.imul(even, 31) + text.charCodeAt(pairs)) | 0;
  return Math.imul(even, 0x9e3779b1) ^ odd;
}
