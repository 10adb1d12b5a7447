/**
 * Says why a SQLite version must not hold the journal, or null when it may. Before 3.51.3, and in the withdrawn
 * 3.52.0, a reset of the write-ahead log that meets another connection's write can corrupt the database.
 */
export function checkSqliteVersion(version: string): string | null {
  const [major, minor, patch] = version.split('.').map(Number);
  if (
    major === undefined ||
    minor === undefined ||
    patch === undefined ||
    [major, minor, patch].some(Number.isNaN)
  ) {
    return `SQLite version "${version}" is not understood`;
  }
  const number = major * 1_000_000 + minor * 1000 + patch;
  if (number >= 3_051_003 && number !== 3_052_000) return null;
  return `SQLite ${version} can corrupt a store that two processes use (the WAL-reset bug, mended in 3.51.3 and 3.53.0)`;
}
