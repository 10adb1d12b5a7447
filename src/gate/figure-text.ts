const DECIMALS_MAX = 6;

/** A value as people read it: `79.8 %`, `512 MiB`. With `beside`, precise enough to look different from it. */
export function figureText(value: number, unit: string, beside: number | null = null): string {
  if (unit === 'B' && Math.abs(value) >= 1024) return bytesText(value);
  let decimals = 2;
  while (
    beside !== null &&
    value !== beside &&
    decimals < DECIMALS_MAX &&
    rounded(value, decimals) === rounded(beside, decimals)
  ) {
    decimals++;
  }
  return `${rounded(value, decimals)}${unit === '' ? '' : ` ${unit}`}`;
}

function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

function bytesText(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes / 1024;
  let at = 0;
  while (Math.abs(value) >= 1024 && at < units.length - 1) {
    value /= 1024;
    at++;
  }
  return `${rounded(value, 1)} ${units[at]}`;
}
