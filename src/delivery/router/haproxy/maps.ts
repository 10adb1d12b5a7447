import type { Traffic } from '../contract.ts';
import type { Facts } from './facts.ts';
import type { Slot } from './kept.ts';

/** What is to stand in a map of HAProxy: keys and values, in order. */
export type Entries = readonly (readonly [string, string])[];

/** A visitor's place is from 0 to one below this. */
const PLACES = 10_000;
/** A rule's requests are spread over so many keys, and by them over the version's servers. */
const SPREAD = 8;
/** As many as the configuration counts. */
const THRESHOLDS_MAX = 6;

const THRESHOLD = 'threshold.map';
const OURS = /^(threshold|header\..+|cookie\..+|stay\.(header|cookie)\..+)\.map$/;

/**
 * What is to stand in each of HAProxy's maps that are Sluice's, for the rules, the stickiness and the thresholds of a traffic. Returns a
 * sentence when HAProxy's configuration asks for no such map, or a map cannot say it.
 */
export function wantedMaps(
  traffic: Traffic,
  draining: readonly string[],
  slots: Readonly<Record<string, Slot>>,
  maps: Facts['maps'],
): ReadonlyMap<string, Entries> | string {
  const wanted = new Map<string, (readonly [string, string])[]>();
  for (const name of maps.keys()) if (OURS.test(name)) wanted.set(name, []);
  const serversOf = (version: string) =>
    draining.includes(version)
      ? []
      : Object.keys(slots).filter((name) => slots[name]!.version === version && !slots[name]!.isStandby);
  const lacks = (name: string, subject: string) =>
    `HAProxy’s configuration does not ask for ${subject}: it has no map ${name}; add the lines of docs/routers.md for it, make the file and reload HAProxy`;

  if (wanted.get(THRESHOLD) === undefined) return lacks(THRESHOLD, 'latencies');
  const counted = traffic.thresholdsMs.slice(0, THRESHOLDS_MAX);
  wanted.set(
    THRESHOLD,
    counted.map((ms, at) => [`${at}`, `${Math.round(ms * 1000)}`]),
  );

  const ruled = new Map<string, string>();
  for (const { kind, name, value, version } of traffic.rules) {
    const file = `${kind}.${kind === 'header' ? name.toLowerCase() : name}.map`;
    const entries = wanted.get(file);
    if (entries === undefined) return lacks(file, `the ${kind} ${name}`);
    if (!/^[!-~]+$/.test(value) || /[;\\<#]/.test(value))
      return `the rule for ${name} has a value that cannot stand in a map of HAProxy; use letters, digits and signs without spaces`;
    // Which of several maps is asked first, the configuration says.
    for (const [other, to] of ruled)
      if (other !== file && to !== version)
        return `rules for ${other.replace(/\.map$/, '')} and ${file.replace(/\.map$/, '')} lead to different versions, and HAProxy’s configuration says which is asked first; let them lead to one version`;
    ruled.set(file, version);
    const servers = serversOf(version);
    if (servers.length === 0 || entries.some(([key]) => key === `${value}.0`)) continue;
    for (let at = 0; at < SPREAD; at++) entries.push([`${value}.${at}`, servers[at % servers.length]!]);
  }

  const { stickiness } = traffic;
  if (stickiness !== null) {
    const name = stickiness.by === 'header' ? stickiness.name.toLowerCase() : stickiness.name;
    const file = `stay.${stickiness.by}.${name}.map`;
    if (!wanted.has(file))
      return lacks(file, `visitors that stay by the ${stickiness.by} ${stickiness.name}`);
    wanted.set(file, places(traffic, serversOf));
  }
  return wanted;
}

/** Each version's share of all places, parted among its servers. */
function places(traffic: Traffic, serversOf: (version: string) => readonly string[]): [string, string][] {
  const entries: [string, string][] = [];
  let end = 0;
  for (const { version, weightPercent } of traffic.versions) {
    const servers = serversOf(version);
    const begin = end;
    end += (weightPercent / 100) * PLACES;
    for (const [at, server] of servers.entries()) {
      const first = Math.round(begin + ((end - begin) * at) / servers.length);
      const last = Math.round(begin + ((end - begin) * (at + 1)) / servers.length) - 1;
      if (last >= first) entries.push([`${first}:${last}`, server]);
    }
  }
  return entries;
}

/** How many of a traffic's thresholds HAProxy counts. */
export function countedThresholds(traffic: Traffic): readonly number[] {
  return traffic.thresholdsMs.slice(0, THRESHOLDS_MAX);
}
