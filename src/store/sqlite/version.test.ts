import { describe, expect, it } from 'vitest';
import { checkSqliteVersion } from './version.ts';

describe('checkSqliteVersion', () => {
  it.each(['3.51.3', '3.51.4', '3.53.0', '3.53.4', '3.52.1', '4.0.0', process.versions.sqlite!])(
    'accepts %s',
    (version) => {
      expect(checkSqliteVersion(version)).toBeNull();
    },
  );

  it.each(['3.51.2', '3.52.0', '3.50.9', '3.7.0', '2.99.99'])(
    'refuses %s, naming it and the bug',
    (version) => {
      expect(checkSqliteVersion(version)).toContain(`SQLite ${version} can corrupt a store`);
      expect(checkSqliteVersion(version)).toContain('WAL-reset bug');
    },
  );

  it.each(['none', '', '3', '3.51', '3.x.1'])('refuses what is no version: "%s"', (version) => {
    expect(checkSqliteVersion(version)).toBe(`SQLite version "${version}" is not understood`);
  });
});
