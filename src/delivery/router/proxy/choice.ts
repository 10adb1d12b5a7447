import { createHash, randomInt } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Traffic, TrafficRule } from '../contract.ts';
import { cookieValue } from './cookie.ts';

/** Visitors are parted into this many places, so a weight is kept to a hundredth of a percent. */
const PLACES = 10_000;

export interface Choice {
  readonly version: string;
  /** Cookie that keeps the visitor where it is; null: there is none to be given. */
  readonly setCookie: string | null;
}

/** Chooses versions for requests, for one traffic. */
export class Chooser {
  readonly #traffic: Traffic;
  /** Smooth weighted round-robin: of n requests each version gets its share to within one. */
  readonly #credit = new Map<string, number>();

  constructor(traffic: Traffic) {
    this.#traffic = traffic;
    for (const { version } of traffic.versions) this.#credit.set(version, 0);
  }

  /** The version for a request; null: no version that may have it has a backend. `isUp` says whether a version has one. */
  choose(headers: IncomingHttpHeaders, isUp: (version: string) => boolean): Choice | null {
    for (const rule of this.#traffic.rules) {
      if (fits(rule, headers) && isUp(rule.version)) return { version: rule.version, setCookie: null };
    }
    const { stickiness } = this.#traffic;
    if (stickiness === null) return plain(this.next(isUp));
    if (stickiness.by === 'header') {
      const value = headers[stickiness.name.toLowerCase()];
      if (value === undefined) return plain(this.next(isUp));
      const stays = this.#at(placeOf(String(value)));
      return plain(stays !== null && isUp(stays) ? stays : this.next(isUp));
    }
    const cookie = cookieValue(headers.cookie, stickiness.name);
    const place = cookie !== null && /^\d{1,4}$/.test(cookie) ? Number(cookie) : null;
    if (place !== null) {
      const stays = this.#at(place);
      // A visitor whose version is down keeps its place for when it is back.
      return plain(stays !== null && isUp(stays) ? stays : this.next(isUp));
    }
    const version = this.next(isUp);
    if (version === null) return null;
    const given = this.#placeWithin(version);
    if (given === null) return plain(version);
    const setCookie = `${stickiness.name}=${given}; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax`;
    return { version, setCookie };
  }

  /** The next version by weight alone of those that are up; a standby when none is. */
  next(isUp: (version: string) => boolean): string | null {
    let best: string | null = null;
    let bestCredit = -Infinity;
    let sum = 0;
    for (const { version, weightPercent } of this.#traffic.versions) {
      if (weightPercent === 0 || !isUp(version)) continue;
      const credit = this.#credit.get(version)! + weightPercent;
      this.#credit.set(version, credit);
      sum += weightPercent;
      if (credit > bestCredit) {
        best = version;
        bestCredit = credit;
      }
    }
    if (best !== null) {
      this.#credit.set(best, bestCredit - sum);
      return best;
    }
    return this.#traffic.versions.find(({ version, standby }) => standby && isUp(version))?.version ?? null;
  }

  /** Whose place it is. */
  #at(place: number): string | null {
    let end = 0;
    for (const { version, weightPercent } of this.#traffic.versions) {
      end += (weightPercent / 100) * PLACES;
      if (place < Math.round(end)) return version;
    }
    return null;
  }

  /** Some place of the version; null: its weight is too small for one. */
  #placeWithin(version: string): number | null {
    let end = 0;
    for (const one of this.#traffic.versions) {
      const begin = Math.round(end);
      end += (one.weightPercent / 100) * PLACES;
      if (one.version === version) return Math.round(end) > begin ? randomInt(begin, Math.round(end)) : null;
    }
    return null;
  }
}

function plain(version: string | null): Choice | null {
  return version === null ? null : { version, setCookie: null };
}

function fits({ kind, name, value }: TrafficRule, headers: IncomingHttpHeaders): boolean {
  if (kind === 'cookie') return cookieValue(headers.cookie, name) === value;
  return headers[name.toLowerCase()] === value;
}

/** The same for the same value, on every machine and after every start. */
function placeOf(value: string): number {
  return createHash('sha256').update(value).digest().readUInt32BE(0) % PLACES;
}
