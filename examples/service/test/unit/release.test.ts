import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { readRelease } from '../../src/release.ts';

describe('readRelease', () => {
  let folder: string;
  const read = () => readRelease(pathToFileURL(`${folder}/`));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'links-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('says what a build is', () => {
    const release = { version: '1.2.3', commit: 'abc', fault: 'none' };
    writeFileSync(join(folder, 'release.json'), JSON.stringify(release));
    assert.deepEqual(read(), release);
  });

  it('is that of the sources where nothing was built', () => {
    assert.deepEqual(read(), { version: 'sources', commit: 'unknown', fault: 'none' });
  });

  it('takes what it does not know for no fault', () => {
    writeFileSync(join(folder, 'release.json'), '{"fault": "gremlins"}');
    assert.equal(read().fault, 'none');
  });
});
