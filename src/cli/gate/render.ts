import { counted, visible } from '../../base/text.ts';
import type { CheckResult, ConditionResult, GateResult, GateVerdict } from '../../gate/result.ts';
import type { CellExtras } from '../../journal/run-event.ts';
import type { Look } from '../look.ts';
import { hanging } from '../row.ts';

/** The verdict of a cell's gates; null when it has none. */
export function gateResultOf({ gates }: CellExtras): GateResult | null {
  return (gates as unknown as GateResult | undefined) ?? null;
}

/** A line for each condition, and below those that did not pass why and what to do. */
export function conditionLines({ conditions }: GateResult, indent: string, look: Look): string[] {
  return conditions.flatMap((condition) => shortLines(condition, indent, look));
}

function shortLines(condition: ConditionResult, indent: string, look: Look): string[] {
  const { name, verdict, sentence, wayOut, shadow } = condition;
  const head = hanging(
    `${indent}${verdictGlyph(condition, look)} `,
    `gate ${visible(name)}: ${verdictWord(condition)}`,
    look.width,
  );
  if (shadow === null && verdict === 'pass') return head;
  const inner = `${indent}    `;
  const why = hanging(inner, visible(sentence), look.width);
  const what = wayOut === null ? [] : hanging(inner, visible(wayOut), look.width);
  return [...head, ...why, ...what.map((line) => look.paint('cyan', line))];
}

/** The verdict of a condition; of one in shadow what it would have been. */
export function verdictWord({ verdict, shadow }: Pick<ConditionResult, 'verdict' | 'shadow'>): string {
  return shadow === null ? verdict : `shadow, would be ${shadow}`;
}

/** Everything that is known of a verdict. */
export function gateLines(result: GateResult, look: Look): string[] {
  const { gate, verdict, sentence, scope, conditions, waiverFindings } = result;
  const facts: [string, string | null][] = [
    ['commit', scope.head],
    ['against', baseText(result)],
    ['artifact', result.artifactDigest],
    ['facts', result.factsDigest],
    ['policy', result.policyDigest],
    ['judged', new Date(result.judgedAtMs).toISOString()],
  ];
  return [
    ...hanging(
      `${look.paint('bold', visible(gate))}  `,
      `${look.paint(verdictStyle(result.effect, verdict), verdict)}: ${visible(sentence)}`,
      look.width,
    ),
    ...facts.flatMap(([name, value]) =>
      value === null ? [] : hanging(`  ${look.paint('dim', name.padEnd(8))}  `, visible(value), look.width),
    ),
    ...conditions.flatMap((condition) => ['', ...fullLines(condition, look)]),
    ...(waiverFindings.length > 0 ? [''] : []),
    ...waiverFindings.flatMap((finding) =>
      hanging(`${look.paint('yellow', look.glyphs.warned)} `, visible(finding.sentence), look.width),
    ),
  ];
}

function baseText({ scope }: GateResult): string | null {
  const { base, baseBehind, filesChanged, linesAdded } = scope;
  if (base === null) return null;
  const behind = baseBehind > 0 ? `, ${counted(baseBehind, 'commit')} before the merge base` : '';
  const changed =
    filesChanged === null
      ? ''
      : `: ${counted(filesChanged, 'file')} changed, ${counted(linesAdded ?? 0, 'line')} new`;
  return `${base}${behind}${changed}`;
}

function fullLines(condition: ConditionResult, look: Look): string[] {
  const { checks, mode, waivers } = condition;
  const lines = shortLines(condition, '', look);
  if (mode !== 'block') lines.push(look.paint('dim', `    mode ${mode}`));
  if (waivers.length > 0) lines.push(...hanging('    ', `waived by ${waivers.join(', ')}`, look.width));
  return [...lines, ...checks.flatMap((check) => checkLines(check, look))];
}

function checkLines(check: CheckResult, look: Look): string[] {
  const { metric, actual, unit, threshold, sample, scope, notes, rows, rowsTotal } = check;
  const value = actual === null ? 'no value' : `${Number(actual.toFixed(3))}${unit === '' ? '' : ` ${unit}`}`;
  const of = sample === null ? '' : `, sample ${sample}`;
  const where = scope === 'new' ? ', changed lines only' : '';
  const head = hanging(
    '    ',
    `${visible(metric)}: ${value}, ${threshold}${of}${where}: ${check.verdict}`,
    look.width,
  );
  const shown = rows.flatMap((row) => hanging(`      ${look.glyphs.dot} `, rowText(row), look.width));
  const more = rowsTotal > rows.length ? [`      and ${rowsTotal - rows.length} more`] : [];
  return [
    ...head,
    ...notes.flatMap((note) => hanging('      ', visible(note), look.width)),
    ...shown.map((line) => look.paint('dim', line)),
    ...more.map((line) => look.paint('dim', line)),
  ];
}

function rowText({ text, path, line, fingerprint }: CheckResult['rows'][number]): string {
  const place = path === null || text.includes(path) ? '' : `${path}${line === null ? '' : `:${line}`} `;
  const mark = fingerprint === null ? '' : ` (fingerprint ${fingerprint.slice(0, 16)})`;
  return visible(`${place}${text}${mark}`);
}

/** The sign in front of a condition. */
function verdictGlyph({ effect, verdict }: ConditionResult, look: Look): string {
  const { glyphs } = look;
  const glyph =
    effect === 'blocks'
      ? glyphs.failed
      : effect === 'warns' || verdict === 'inconclusive'
        ? glyphs.warned
        : verdict === 'pass'
          ? glyphs.succeeded
          : glyphs.skipped;
  return look.paint(verdictStyle(effect, verdict), glyph);
}

/** The colour in which a verdict is written. */
export function verdictStyle(
  effect: GateResult['effect'],
  verdict: GateVerdict,
): 'red' | 'yellow' | 'green' | 'dim' {
  if (effect === 'blocks') return 'red';
  if (effect === 'warns' || verdict === 'waived' || verdict === 'inconclusive') return 'yellow';
  return verdict === 'pass' ? 'green' : 'dim';
}
