/** The longest time that something is kept: ten years. */
export const RETENTION_MAX_MS = 3650 * 86_400_000;

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  k: 1000,
  m: 1000 ** 2,
  g: 1000 ** 3,
  t: 1000 ** 4,
  ki: 1024,
  mi: 1024 ** 2,
  gi: 1024 ** 3,
  ti: 1024 ** 4,
};

/** Bytes of `512Mi`, `2GiB`, `10GB`, `4096`; `Ki` and so on count by 1024, `K` by 1000. null: it is no amount of bytes. */
export function parseSize(value: string | number): number | null {
  const found = /^(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?$/i.exec(String(value).trim());
  const unit = found ? UNIT_BYTES[found[2]!.toLowerCase()] : undefined;
  if (!found || unit === undefined) return null;
  const bytes = Math.round(Number(found[1]) * unit);
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : null;
}

/** Processors of `2`, `0.5`, `500m` (thousandths). null: it is no number of them. */
export function parseProcessors(value: string | number): number | null {
  const found = /^(\d+(?:\.\d+)?)(m?)$/.exec(String(value).trim());
  const count = found ? Number(found[1]) / (found[2] === 'm' ? 1000 : 1) : 0;
  return count > 0 && count <= 4096 ? count : null;
}
