const UNIT_MS = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNIT_MS;

/** The longest duration Sluice accepts anywhere: 30 days. */
export const DURATION_MAX_MS = 30 * UNIT_MS.d;

/**
 * Reads a duration: a number of seconds, or text such as `90s`, `15m`, `1h30m`, `500ms`, `2d`.
 * Returns milliseconds, or null when the text is no duration. Zero, negative, infinite and longer than `maxMs` are null too.
 */
export function parseDuration(value: string | number, maxMs = DURATION_MAX_MS): number | null {
  const ms = typeof value === 'number' ? value * 1000 : parseText(value.trim());
  if (ms === null || !Number.isFinite(ms) || ms <= 0 || ms > maxMs) return null;
  return Math.round(ms);
}

function parseText(text: string): number | null {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (!/^(\d+(\.\d+)?\s*(ms|s|min|m|h|d)\s*)+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)/g)) {
    total += Number(amount) * UNIT_MS[unit as Unit];
  }
  return total;
}

/** A duration as a person writes it: `840ms`, `4.2s`, `3m 07s`, `2h 05m`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`;
  const seconds = Math.floor(ms / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h ${two(Math.floor((seconds % 3600) / 60))}m`;
}
