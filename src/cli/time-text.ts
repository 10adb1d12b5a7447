import { formatDuration } from '../base/duration.ts';

/** `2026-11-21 11:05:28`, in this machine's time zone. */
export function dateTime(atMs: number): string {
  return `${date(atMs)} ${timeOfDay(atMs)}`;
}

/** `11:05:28.123` or, without milliseconds, `11:05:28`. */
export function timeOfDay(atMs: number, milliseconds = false): string {
  const at = new Date(atMs);
  const text = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return milliseconds ? `${text}.${String(at.getMilliseconds()).padStart(3, '0')}` : text;
}

/** How long ago in words short enough for a table: `just now`, `4m ago`, `3d ago`, then the date. */
export function ago(atMs: number, nowMs: number): string {
  const seconds = Math.floor((nowMs - atMs) / 1000);
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${seconds}s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ago`;
  if (seconds < 14 * 86_400) return `${Math.floor(seconds / 86_400)}d ago`;
  return date(atMs);
}

/** A duration, or nothing when there is none. */
export function durationOrNothing(ms: number | null): string {
  return ms === null ? '' : formatDuration(ms);
}

/** A duration that still grows: without milliseconds, which would only flicker. */
export function ticking(ms: number): string {
  return ms < 1000 ? `${(Math.floor(ms / 100) / 10).toFixed(1)}s` : formatDuration(ms);
}

/** A duration that is only a guess: `~26s`, `~3m 20s`. */
export function about(ms: number): string {
  if (ms < 1000) return `~${formatDuration(ms)}`;
  return ms < 60_000 ? `~${Math.round(ms / 1000)}s` : `~${formatDuration(ms)}`;
}

function date(atMs: number): string {
  const at = new Date(atMs);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
