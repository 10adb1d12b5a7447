import type { Diagnostic } from '../base/diagnostic.ts';
import { type Digest, digestOf } from '../base/digest.ts';
import { canonicalJson } from '../base/json.ts';
import { nearestName } from '../base/near.ts';
import type { Severity, Waiver } from '../pipeline/plan-gate.ts';
import type { WaiverFinding } from './result.ts';

const DAY_MS = 86_400_000;

/** How far ahead a waiver may end, by the worst that it accepts. */
export const WAIVER_DAYS_MAX: Readonly<Record<Severity | 'unknown' | 'none', number>> = {
  critical: 30,
  unknown: 30,
  high: 60,
  medium: 90,
  low: 180,
  info: 365,
  /** What has no severity: tests, coverage, time. */
  none: 90,
};

const DAYS_LONGEST = Math.max(...Object.values(WAIVER_DAYS_MAX));
export const EMERGENCY_MS = DAY_MS;
const SOON_MS = 14 * DAY_MS;
/** What matched nothing for so long is stale. */
export const WAIVER_STALE_MS = 14 * DAY_MS;

/** When a waiver was first seen and last covered something, by its id: a fold over `gate.judged` (waiver-history.ts). */
export type WaiverHistory = Readonly<
  Record<string, { readonly firstSeenAtMs: number; readonly lastUsedAtMs: number | null }>
>;

/** How long it lasts, in milliseconds: from the day it was granted, and where nobody says that, from now. */
function lengthMs({ granted, expires }: Waiver, nowMs: number): number {
  return Date.parse(expires) - (granted === undefined ? nowMs : Date.parse(granted));
}

/** Names a waiver by what it says, wherever it stands. */
export function waiverId({ place: _, ...waiver }: Waiver): string {
  return digestOf(canonicalJson(waiver)).slice(0, 16);
}

export function waiversDigest(waivers: readonly Waiver[]): Digest {
  return digestOf(waivers.map(waiverId).sort().join('\n'));
}

/**
 * What is wrong with waivers whoever's change it is. An error stops the load: a waiver that cannot be read waives nothing, and
 * must not be mistaken for none.
 */
export function checkWaivers(
  waivers: readonly Waiver[],
  conditionNames: readonly string[],
  nowMs: number,
): Diagnostic[] {
  const ids = new Set<string>();
  return waivers.flatMap((waiver) => {
    const problems = [...fieldProblems(waiver), ...expiryProblems(waiver, nowMs)];
    if (ids.has(waiverId(waiver)))
      problems.push(bad(waiver, 'the same waiver stands twice', 'remove one of them'));
    ids.add(waiverId(waiver));
    if (!conditionNames.includes(waiver.condition)) {
      const near = nearestName(waiver.condition, conditionNames);
      const suggestion = near
        ? `write \`condition: ${near}\``
        : 'remove the waiver, or correct its `condition`';
      problems.push(bad(waiver, `no gate has a condition that is called ${waiver.condition}`, suggestion));
    }
    return problems;
  });
}

function fieldProblems(waiver: Waiver): Diagnostic[] {
  const problems: Diagnostic[] = [];
  for (const field of ['condition', 'owner', 'reason', 'approver'] as const) {
    if (waiver[field].trim() === '')
      problems.push(bad(waiver, `a waiver needs \`${field}\``, `add \`${field}\``));
  }
  for (const [field, value] of Object.entries(waiver.match)) {
    if (value === '')
      problems.push(bad(waiver, `\`match.${field}\` is empty and would match nothing`, 'remove it'));
  }
  const { fingerprint } = waiver.match;
  if (fingerprint !== undefined && !/^[0-9a-f]{16,64}$/.test(fingerprint)) {
    problems.push(
      bad(waiver, 'a fingerprint has 16 to 64 digits from 0 to f', 'copy it from `sluice gate explain`'),
    );
  }
  return problems;
}

function expiryProblems(waiver: Waiver, nowMs: number): Diagnostic[] {
  const expiresMs = Date.parse(waiver.expires);
  if (!Number.isFinite(expiresMs)) {
    return [bad(waiver, `${waiver.expires} is no time`, 'write a day such as `2026-12-31`')];
  }
  if (waiver.granted !== undefined && !(Date.parse(waiver.granted) < expiresMs)) {
    return [bad(waiver, `it ends before it is granted, at ${waiver.granted}`, 'correct one of the two')];
  }
  if (waiver.emergency && lengthMs(waiver, nowMs) > EMERGENCY_MS) {
    return [
      bad(waiver, 'an emergency bypass may last at most 24 hours', 'end it earlier, or remove `emergency`'),
    ];
  }
  if (lengthMs(waiver, nowMs) <= DAYS_LONGEST * DAY_MS) return [];
  return [bad(waiver, `no waiver may last longer than ${DAYS_LONGEST} days`, 'let it end earlier')];
}

function bad({ place }: Waiver, message: string, suggestion: string): Diagnostic {
  return { severity: 'error', code: 'bad-waiver', message, place, suggestion };
}

/** Whether a waiver may be used on this change now: null when it may, else why not. */
export function refusalOf(waiver: Waiver, authors: readonly string[], nowMs: number): WaiverFinding | null {
  const about = { waiver: waiverId(waiver), condition: waiver.condition };
  const named = waiverName(waiver);
  if (!(nowMs < Date.parse(waiver.expires))) {
    return { ...about, code: 'waiver-expired', sentence: `${named} ended at ${waiver.expires}` };
  }
  if (waiver.granted !== undefined && nowMs < Date.parse(waiver.granted)) {
    return { ...about, code: 'waiver-not-yet', sentence: `${named} holds from ${waiver.granted} on` };
  }
  if (authors.some((author) => isSameAccount(author, waiver.approver))) {
    const sentence = `${named} was approved by ${waiver.approver}, who is an author of this change`;
    return { ...about, code: 'waiver-self-approved', sentence };
  }
  if (waiver.emergency && lengthMs(waiver, nowMs) > EMERGENCY_MS) {
    return {
      ...about,
      code: 'waiver-too-long',
      sentence: `${named} is an emergency bypass of more than 24 hours`,
    };
  }
  return null;
}

/** Whether it lasts too long for the worst that it accepts: null when it does not. */
export function tooLongFor(
  waiver: Waiver,
  worst: Severity | 'unknown' | 'none',
  nowMs: number,
): WaiverFinding | null {
  const days = WAIVER_DAYS_MAX[worst];
  if (lengthMs(waiver, nowMs) <= days * DAY_MS) return null;
  const what = worst === 'none' ? 'a figure' : `a finding that is ${worst}`;
  return {
    waiver: waiverId(waiver),
    condition: waiver.condition,
    code: 'waiver-too-long',
    sentence: `${waiverName(waiver)} lasts until ${waiver.expires}; for ${what} at most ${days} days are allowed`,
  };
}

/** What should be said of a waiver that may be used: that it ends soon, or that it has matched nothing for 14 days. */
export function noticeOf(
  waiver: Waiver,
  coversSomething: boolean,
  history: WaiverHistory,
  nowMs: number,
): WaiverFinding | null {
  const about = { waiver: waiverId(waiver), condition: waiver.condition };
  const known = history[about.waiver];
  const idleSinceMs = known ? (known.lastUsedAtMs ?? known.firstSeenAtMs) : nowMs;
  if (!coversSomething && nowMs - idleSinceMs >= WAIVER_STALE_MS) {
    return {
      ...about,
      code: 'waiver-stale',
      sentence: `${waiverName(waiver)} has matched nothing for 14 days: remove it`,
    };
  }
  if (!waiver.emergency && Date.parse(waiver.expires) - nowMs <= SOON_MS) {
    return {
      ...about,
      code: 'waiver-expires-soon',
      sentence: `${waiverName(waiver)} ends at ${waiver.expires}`,
    };
  }
  return null;
}

export function waiverName({ condition, ticket, owner }: Waiver): string {
  return `the waiver of ${condition} (${ticket === null ? owner : `${ticket}, ${owner}`})`;
}

/** Accounts are the same whatever their case and with or without `@`. */
export function isSameAccount(a: string, b: string): boolean {
  const plain = (account: string) => account.trim().replace(/^@/, '').toLowerCase();
  return plain(a) === plain(b);
}

/** Whether it accepts everything about its condition, and so also that nothing is known. */
export function isBlanket({ match }: Waiver): boolean {
  return Object.keys(match).length === 0;
}
