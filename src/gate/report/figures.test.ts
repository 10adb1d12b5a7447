import { describe, expect, it } from 'vitest';
import { readBytes, reportFixtures } from '../../../test/support/reports.ts';
import { PARSERS } from './parsers.ts';

const FIXTURES = reportFixtures();

describe('figures of reports', () => {
  it('has a fixture for every kind', () => {
    const covered = new Set(FIXTURES.map(({ kind }) => kind));
    expect(PARSERS.map(({ kind }) => kind).filter((kind) => !covered.has(kind))).toEqual([]);
  });

  it.each(FIXTURES)('$kind: $name gives its figures, however it is cut into chunks', async (fixture) => {
    for (const pieceBytes of [65_536, 61, 7, 1]) {
      const { figures } = await readBytes(fixture.name, fixture.bytes, fixture.kind, pieceBytes);
      expect(figures).toEqual(fixture.figures);
    }
  });

  it.each(FIXTURES)('$kind: $name is known by its content', async (fixture) => {
    const { facts, error } = await readBytes('file.txt', fixture.bytes, null);
    expect(facts?.kind ?? error?.kind).toBe(fixture.kind);
  });

  it('takes a byte order mark, and UTF-16 and Latin-1 where XML says so', async () => {
    const junit = '<testsuite name="ä"><testcase name="ü"/></testsuite>';
    const latin = Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?>${junit}`, 'latin1');
    const wide = Buffer.from(`\ufeff${junit}`, 'utf16le');
    for (const bytes of [`\ufeff${junit}`, latin, wide]) {
      const { facts } = await readBytes('r.xml', bytes, 'junit', 3);
      expect(facts?.tests.map(({ name }) => name)).toEqual(['ü']);
    }
    const { figures } = await readBytes('a.json', '\ufeff{"a": 1}', 'metrics', 1);
    expect(figures).toEqual({ parse: 'ok', metrics: 1, values: { a: 1 } });
  });
});
