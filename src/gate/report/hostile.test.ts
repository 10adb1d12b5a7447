import { describe, expect, it } from 'vitest';
import { readBytes, reportFixtures } from '../../../test/support/reports.ts';
import { doubtsOnly } from '../facts/doubts-only.ts';
import type { Finding } from '../facts/finding.ts';
import { parserOf } from './choose.ts';
import { PARSERS } from './parsers.ts';
import { readReport } from './read-report.ts';

/* Reports that are missing, broken, cut off, of something else, or made to harm. */

async function errorOf(kind: string | null, text: string | Uint8Array, name = 'report') {
  const { error } = await readBytes(name, text, kind);
  return (
    error && {
      code: error.code,
      message: error.message,
      line: error.line,
      column: error.column,
      pointer: error.pointer,
    }
  );
}

async function doubtsOf(kind: string, text: string): Promise<string[]> {
  const { facts, error } = await readBytes('report', text, kind);
  if (error) throw error;
  return facts.doubts.map(({ code, message }) => `${code}: ${message}`);
}

const SARIF = (results: string, rest = '') =>
  `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[${results}]${rest}}]}`;

const OF_RECORDS = new Set(['go-cover', 'go-bench', 'jmeter', 'trufflehog', 'govulncheck', 'criterion']);

/** The cut is between two records. */
function isWholeRecords(kind: string, bytes: Uint8Array, cut: number): boolean {
  const [last, next] = [bytes[cut - 1], bytes[cut]];
  const isLineEnd = last === 0x0a && kind !== 'go-bench';
  if (kind === 'go-cover' || kind === 'jmeter' || kind === 'go-bench') return isLineEnd;
  return (isLineEnd && bytes[cut - 2] === 0x7d) || (last === 0x7d && next === 0x0a);
}

describe('what is no report', () => {
  it.each(PARSERS.map(({ kind }) => kind))(
    '%s: empty, blank, binary and foreign files are errors',
    async (kind) => {
      expect(await errorOf(kind, '')).toMatchObject({ code: 'report-empty' });
      expect(await errorOf(kind, ' \r\n\t\n')).toMatchObject({ code: 'report-empty' });
      for (const text of [
        '\u0000\u0001\u007fELF\u0002',
        '<html><body>504</body></html>',
        '"text"',
        'hello\nworld\n',
        'true',
        '[1,2',
        '{"a":',
      ]) {
        expect(await errorOf(kind, text), text).not.toBeNull();
      }
    },
  );

  it.each(reportFixtures().filter(({ figures }) => figures.parse === 'ok'))(
    '$kind: $name is an error wherever it is cut off',
    async ({ kind, bytes }) => {
      let end = bytes.length;
      while (bytes[end - 1] === 0x0a) end--;
      for (let cut = 1; cut < end; cut += Math.max(1, Math.floor(end / 60))) {
        // Whole records are a whole tracefile.
        if (/end_of_record\s*(?:T?N?:?\w*)\s*$/.test(new TextDecoder().decode(bytes.subarray(0, cut))))
          continue;
        const { error, facts } = await readBytes('report', bytes.subarray(0, cut), kind);
        // Of a format of lines or of messages one after the other, whole ones are a whole report.
        if (OF_RECORDS.has(kind) && isWholeRecords(kind, bytes, cut)) continue;
        const isDoubted = facts?.doubts.some(({ code }) => code === 'incomplete') ?? false;
        expect(error !== null || (OF_RECORDS.has(kind) && isDoubted), `cut at ${cut} of ${end}`).toBe(true);
      }
    },
  );

  it('tells the place of broken XML and JSON', async () => {
    expect(await errorOf('junit', '<testsuite>\n  <testcase name="a"\n</testsuite>')).toMatchObject({
      code: 'report-malformed',
      line: 3,
    });
    expect(await errorOf('junit', '<testsuite>\n<testcase name="a">')).toMatchObject({
      message: 'it ends in the middle of <testcase>; the file is cut off',
      line: 2,
    });
    expect(await errorOf('sarif', SARIF('{"message":{}},\n\n {"message": NaN}'))).toMatchObject({
      code: 'report-malformed',
      line: 3,
      column: 14,
    });
    expect(await errorOf('metrics', '{\n "a": 1,\n "b" 2}')).toMatchObject({ line: 3, column: 6 });
    expect(await errorOf('lcov', 'SF:a\nDA:x,1\nend_of_record\n')).toMatchObject({ line: 2 });
    expect(await errorOf('lcov', 'SF:a\nDA:1,NaN\nend_of_record\n')).toMatchObject({ line: 2 });
    expect(await errorOf('lcov', 'SF:a\nDA:1,1\n')).toMatchObject({ code: 'report-malformed' });
  });

  it('refuses trailing commas and doubled keys, also at the edge of chunks', async () => {
    for (const pieceBytes of [1, 2, 3, 64]) {
      for (const text of [
        '[{"RuleID":"a","File":"b"},]',
        '[{"RuleID":"a","File":"b"},,{}]',
        '[,]',
        '[{"RuleID":"a"}',
      ]) {
        const { error } = await readBytes('r', text, 'gitleaks', pieceBytes);
        expect(error?.code, text).toBe('report-malformed');
      }
      const { error } = await readBytes('r', '{"metrics":{"a":1},"metrics":{"a":2}}', 'metrics', pieceBytes);
      expect(error?.code).toBe('report-malformed');
    }
  });

  it('names what it is instead', async () => {
    expect(await errorOf('junit', '<suites/>')).toMatchObject({ code: 'report-not-this-kind' });
    expect(await errorOf('sarif', '{"version":"2.1.0"}')).toMatchObject({ code: 'report-not-this-kind' });
    expect(await errorOf('sarif', '{"version":"3.0.0","runs":[]}')).toMatchObject({ code: 'report-version' });
    expect(await errorOf('sarif', '{"version":"2.1.0","runs":{}}')).toMatchObject({ pointer: '/runs' });
    expect(await errorOf(null, '{"some":"thing"}')).toMatchObject({ code: 'report-kind-unknown' });
    expect(await errorOf(null, '<other/>')).toMatchObject({ code: 'report-kind-unknown' });
    expect(await errorOf('trivy', '{"Results":{}, "SchemaVersion":2}')).toMatchObject({
      pointer: '/Results',
    });
    expect(await doubtsOf('cobertura', '<coverage line-rate="1" lines-valid="9"/>')).toHaveLength(2);
    expect(await errorOf('cobertura', '<coverage generated="1"><project/></coverage>')).toMatchObject({
      code: 'report-not-this-kind',
    });
  });

  it('is what a tool writes when it fails', async () => {
    const { error } = await readBytes(
      'a.json',
      '{"error":{"code":"ENOAUDIT","summary":"no audits"}}',
      'npm-audit',
    );
    expect(error).toMatchObject({
      code: 'report-tool-error',
      message: 'npm audit failed: ENOAUDIT, no audits',
      figures: { parse: 'tool-error', error_code: 'ENOAUDIT' },
    });
  });
});

describe('go-cover', () => {
  it('counts a block of several profiles once, with its best count', async () => {
    const text =
      'mode: set\na.go:1.1,2.2 3 0\nb.go:1.1,1.9 1 0\nmode: set\na.go:1.1,2.2 3 1\na.go:1.1,2.2 3 1\n';
    const { figures } = await readBytes('r', text, 'go-cover');
    expect(figures).toMatchObject({
      blocks: 2,
      statements_total: 4,
      statements_covered: 3,
      lines_covered: 2,
    });
  });
});

describe('SARIF with its results before its tool', () => {
  const RESULTS = Array.from({ length: 5000 }, (_, i) => `{"ruleId":"r","message":{"text":"m${i}"}}`).join(
    ',',
  );
  const TOOL = '"tool":{"driver":{"name":"t","rules":[{"id":"r","defaultConfiguration":{"level":"note"}}]}}';
  const TEXT = `{"version":"2.1.0","runs":[{"results":[${RESULTS}],${TOOL}},{${TOOL},"results":[{"ruleId":"r"}]}]}`;

  it('puts the results off and lets others have their turn in between', async () => {
    const levels: string[] = [];
    const sink = { ...doubtsOnly(() => {}), finding: (one: Finding) => void levels.push(one.level) };
    let turns = 0;
    const read = await readReport('r', oneChunk(TEXT), parserOf('sarif'), sink, async () => turns++);
    expect(read.figures).toMatchObject({ results: 5001, effective_level: { note: 5001 }, tools: ['t', 't'] });
    expect(turns).toBeGreaterThanOrEqual(4);
    expect(levels).toHaveLength(5001);
  });

  it('gives the same facts when nobody asks for what was put off', () => {
    const reader = parserOf('sarif')!.open(doubtsOnly(() => {}));
    reader.write(new TextEncoder().encode(TEXT));
    expect(reader.end()).toMatchObject({ results: 5001, effective_level: { note: 5001 } });
  });
});

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

describe('null, which Go writes for a list without entries', () => {
  it('is no finding of gitleaks, and nothing looked at by old Trivy', async () => {
    expect((await readBytes('r', 'null\n', 'gitleaks')).figures).toMatchObject({ findings: 0 });
    expect(await doubtsOf('trivy', 'null')).toHaveLength(1);
    expect(await errorOf('sarif', 'null')).toMatchObject({ code: 'report-not-this-kind' });
  });
});

describe('what is made to harm', () => {
  const BOMB =
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY e SYSTEM "file:///etc/passwd">]>';

  it.each(['junit', 'cobertura', 'jacoco', 'cyclonedx', 'clover', 'pit', 'checkstyle', 'jmeter'])(
    '%s: entities are refused',
    async (kind) => {
      const error = await errorOf(kind, `<?xml version="1.0"?>\n${BOMB}\n<testsuite name="&b;&e;"/>`);
      expect(error).toMatchObject({ code: 'report-refused', line: 2 });
      expect(await errorOf(kind, '<testsuite name="&other;"/>')).not.toBeNull();
    },
  );

  it('refuses nesting without end, in XML and JSON', async () => {
    expect(await errorOf('junit', '<testsuite>'.repeat(5000))).toMatchObject({ code: 'report-refused' });
    expect(await errorOf('gitleaks', '['.repeat(100_000))).toMatchObject({ code: 'report-refused' });
    expect(await errorOf('metrics', '{"a":'.repeat(100_000))).toMatchObject({ code: 'report-refused' });
  });

  it('refuses one value or line of many megabytes', async () => {
    const long = 'x'.repeat(17 * 1024 * 1024);
    expect(await errorOf('metrics', `{"a":"${long}"}`)).toMatchObject({ code: 'report-refused' });
    expect(await errorOf('lcov', `SF:${long}`)).toMatchObject({ code: 'report-refused' });
  });

  it('takes names such as __proto__ for names', async () => {
    const { figures } = await readBytes(
      'r',
      '[{"RuleID":"__proto__","File":"a"},{"RuleID":"toString","File":"a"}]',
      'gitleaks',
    );
    expect(Object.entries(figures!.by_rule as object)).toEqual([
      ['__proto__', 1],
      ['toString', 1],
    ]);
    await readBytes('r', '{"__proto__":{"polluted":1}}', 'metrics');
    expect('polluted' in {}).toBe(false);
  });

  it('keeps no secret', async () => {
    const { facts } = await readBytes(
      'r',
      '[{"RuleID":"k","File":"a","Secret":"hunter2","Match":"pw=hunter2"}]',
      'gitleaks',
    );
    expect(JSON.stringify(facts)).not.toContain('hunter2');
  });

  it('keeps neither the file nor the secret that secretlint and TruffleHog write', async () => {
    const message =
      '{"message":"found: hunter2","data":{"KEY":"hunter2"},"ruleId":"r","messageId":"m","severity":"error"}';
    const file = `{"filePath":"a","sourceContent":"pw=hunter2","sourceContentType":"text","messages":[${message}]}`;
    const leak =
      '{"SourceMetadata":{"Data":{"Git":{"file":"a"}}},"DetectorName":"d","Verified":true,"Raw":"hunter2","RawV2":"hunter2","Redacted":"hunter2"}';
    for (const [kind, text] of [
      ['secretlint', `[${file}]`],
      ['trufflehog', leak],
    ] as const) {
      const { facts, figures } = await readBytes('r', text, kind);
      expect(figures).toMatchObject({ findings: 1 });
      expect(JSON.stringify([facts, figures])).not.toContain('hunter2');
    }
  });
});

describe('what was read and cannot be believed', () => {
  it('says that nothing was measured', async () => {
    expect(await doubtsOf('junit', '<testsuites tests="0"/>')).toEqual(['empty: the report has no test']);
    expect(await doubtsOf('lcov', 'TN:\nSF:a\nend_of_record\n')).toHaveLength(1);
    expect(await doubtsOf('cobertura', '<coverage><packages/></coverage>')).toHaveLength(1);
    expect(await doubtsOf('sarif', '{"version":"2.1.0","runs":[]}')).toHaveLength(1);
    expect(await doubtsOf('stryker', '{"files":{"a":{"mutants":[{"status":"Ignored"}]}}}')).toHaveLength(1);
    expect(await doubtsOf('trivy', '{"SchemaVersion":2,"ArtifactName":"x"}')).toHaveLength(1);
    expect(await doubtsOf('cyclonedx', '{"bomFormat":"CycloneDX","components":[]}')).toHaveLength(1);
  });

  it('says what no number can be', async () => {
    const times = ['NaN', '-5', '87,5', 'Infinity', '', '140%'];
    const cases = times.map((time) => `<testcase name="${time}" time="${time}"/>`).join('');
    const { facts, figures } = await readBytes('r', `<testsuite>${cases}</testsuite>`, 'junit');
    expect(facts?.doubts.filter(({ code }) => code === 'impossible-number')).toHaveLength(6);
    expect(figures).toMatchObject({ time_sum_s: -5, testcases_with_time: 1 });
    expect(await doubtsOf('lcov', 'SF:a\nDA:1,-3\nDA:2,1.5\nend_of_record\n')).toHaveLength(2);
    expect(await doubtsOf('cobertura', '<coverage line-rate="1.4"><packages/></coverage>')).toHaveLength(2);
    expect(
      await doubtsOf('cobertura', '<coverage line-rate="NaN" branch-rate="-0.05"><packages/></coverage>'),
    ).toHaveLength(3);
    const summary = '{"total":{"lines":{"total":2,"covered":3,"skipped":0,"pct":150}}}';
    expect(await doubtsOf('istanbul-summary', summary)).toHaveLength(1);
  });

  it('says that totals differ, tests contradict and suites broke', async () => {
    expect(await doubtsOf('junit', '<testsuite tests="2"><testcase name="a"/></testsuite>')).toEqual([
      'totals-differ: <testsuite tests="2"> but the report holds 1',
    ]);
    const twice = '<testsuite><testcase name="a"/><testcase name="a"><failure/></testcase></testsuite>';
    expect(await doubtsOf('junit', twice)).toEqual([
      'contradiction: the test a passed and failed in one report',
    ]);
    expect(
      await doubtsOf('junit', '<testsuite name="s"><testcase name="a"/><error/></testsuite>'),
    ).toHaveLength(1);
  });

  it('says what words and paths it does not know', async () => {
    expect(await doubtsOf('sarif', SARIF('{"level":"fatal"}'))).toHaveLength(1);
    expect(await doubtsOf('lcov', 'SF:../../etc/passwd\nDA:1,1\nend_of_record\n')).toHaveLength(1);
  });

  it('stops repeating itself', async () => {
    const doubts = await doubtsOf('junit', `<testsuite>${'<testcase time="-1"/>'.repeat(500)}</testsuite>`);
    expect(doubts).toHaveLength(21);
    expect(doubts.at(-1)).toBe('impossible-number: 480 more of these');
  });
});
