import { describe, expect, it } from 'vitest';
import { ScriptedWorld } from '../../../test/support/scripted-ports.ts';

const JUNIT =
  '<testsuite tests="2"><testcase name="a" time="1"/><testcase name="b"><failure/></testcase></testsuite>';

function worldWith(files: Readonly<Record<string, string>>): ScriptedWorld {
  const world = new ScriptedWorld();
  for (const [path, text] of Object.entries(files)) world.files.set(`/work/shop/${path}`, text);
  return world;
}

describe('sluice facts', () => {
  it('prints an array of file, kind and figures', async () => {
    const world = worldWith({ 'out/r.xml': JUNIT, 'm.json': '{"startup_ms": 12}' });
    expect(await world.run('facts', 'out/r.xml', 'm.json', '--json')).toBe(0);
    expect(JSON.parse(world.out.text)).toMatchObject([
      {
        file: 'out/r.xml',
        kind: 'junit',
        figures: { parse: 'ok', testcases: 2, failures: 1, time_sum_s: 1 },
      },
      { file: 'm.json', kind: 'metrics', figures: { values: { startup_ms: 12 } } },
    ]);
    expect(world.err.text).toBe('');
  });

  it('tells the cause of each file that is no report, keeps the others and ends with 1', async () => {
    const world = worldWith({
      'good.xml': JUNIT,
      'cut.xml': JUNIT.slice(0, 60),
      'page.xml': '<html/>',
      'none.json': '',
    });
    expect(
      await world.run('facts', 'cut.xml', 'good.xml', 'page.xml', 'none.json', 'gone.xml', '--json'),
    ).toBe(1);
    expect(JSON.parse(world.out.text).map((one: { file: string }) => one.file)).toEqual(['good.xml']);
    expect(world.err.text).toContain('cut.xml: it ends in the middle of <testsuite>');
    expect(world.err.text).toContain('cut.xml:1:');
    expect(world.err.text).toContain('page.xml: no kind of report has the root element <html>');
    expect(world.err.text).toContain('none.json: it is empty');
    expect(world.err.text).toContain('gone.xml: there is no such file');
    expect(world.err.text).not.toMatch(/\n\s+at /);
  });

  it("gives a tool's own word that it failed, and ends with 1", async () => {
    const world = worldWith({ 'audit.json': '{"error":{"code":"ENOAUDIT","summary":"no"}}' });
    expect(await world.run('facts', 'audit.json', '--json')).toBe(1);
    expect(JSON.parse(world.out.text)).toEqual([
      { file: 'audit.json', kind: 'npm-audit', figures: { parse: 'tool-error', error_code: 'ENOAUDIT' } },
    ]);
    expect(world.err.text).toContain('ENOAUDIT');
  });

  it('ends with 2 for a kind that is none, and names the nearest', async () => {
    const world = worldWith({ 'r.xml': JUNIT });
    expect(await world.run('facts', 'r.xml', '--kind', 'junti')).toBe(2);
    expect(world.err.text).toContain('perhaps --kind junit');
    expect(await world.run('facts')).toBe(2);
  });

  it('asks for the kind where the content could be several', async () => {
    const world = worldWith({ 'a.json': '[]' });
    expect(await world.run('facts', 'a.json', '--kind', 'gitleaks', '--json')).toBe(0);
    expect(JSON.parse(world.out.text)).toMatchObject([{ figures: { findings: 0 } }]);
  });

  it('reads in 80 columns and lets no control byte of a report through', async () => {
    const rules = Array.from(
      { length: 9 },
      (_, i) => `{"RuleID":"rule-\\u001b[2J-${i}-${'x'.repeat(20)}","File":"a\\u0007"}`,
    );
    const world = worldWith({
      'gitleaks.json': `[${rules.join(',')}]`,
      'r.xml': JUNIT.replace('"b"', '"b" time="&#x9b;1"'),
    });
    expect(await world.run('facts', 'gitleaks.json', 'r.xml')).toBe(0);
    for (const text of [world.out.text, world.err.text]) {
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    }
    expect(world.out.text).toContain('findings');
    expect(world.err.text).toContain('is no number');
  });
});
