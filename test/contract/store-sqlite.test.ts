import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { storeContract } from './store.contract.ts';

describe('sqlite store', () => {
  let folder: string;
  let count = 0;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-store-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  storeContract((clock) => {
    count += 1;
    const machine = { boot: 'test', nowMs: () => clock.monotonic() };
    return openSqliteStore(join(folder, `${count}.db`), { clock, machine });
  });
});
