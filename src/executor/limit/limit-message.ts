import type { StepEnd } from '../contract.ts';

/** Names the limit that ended a step: "out of memory: limit 512 MiB". `limit`: bytes, or a number of processes. */
export function limitMessage(
  kind: NonNullable<StepEnd['limit']>['kind'],
  limit: number,
): NonNullable<StepEnd['limit']> {
  if (kind === 'memory') return { kind, message: `out of memory: limit ${bytesText(limit)}` };
  if (kind === 'processes') return { kind, message: `process limit: ${limit}` };
  return { kind, message: `disk limit: ${bytesText(limit)}` };
}

/** `512 MiB`, `1 GiB`, `1.5 GiB`. */
function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${Number(value.toFixed(1))} ${units[unit]}`;
}
