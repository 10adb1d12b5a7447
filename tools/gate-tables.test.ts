import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { REPORT_KINDS } from '../src/pipeline/plan-report.ts';
import { metricTable, presetTable, reportTable } from './gate-tables.ts';

const page = readFileSync(new URL('../docs/gates.md', import.meta.url), 'utf8');

describe('the chapter about gates', () => {
  it.each([
    ['report kinds', reportTable()],
    ['presets', presetTable()],
    ['metrics', metricTable()],
  ])('has the table of %s as `node tools/gate-tables.ts` prints it', (_, table) => {
    expect(page).toContain(table);
  });

  it('names every kind of report', () => {
    for (const kind of REPORT_KINDS) expect(reportTable()).toContain(`| \`${kind}\` |`);
  });
});
