import { counted, visible } from '../base/text.ts';
import type { Judgement, Verdict } from '../delivery/analysis/judge.ts';
import type { Policy } from '../delivery/analysis/policy.ts';
import { timeOf, type Window } from '../delivery/analysis/window.ts';
import type { Look } from './look.ts';
import { hanging, textWidth } from './row.ts';

interface Replayed {
  readonly file: string;
  readonly windows: readonly Window[];
  readonly judgements: readonly Judgement[];
  readonly policy: Policy;
}

/** More rows than this say no more; then the changes of verdict are shown, and what is around them. */
const ROWS_MAX = 24;
const BARS = '▁▂▃▄▅▆▇█';
const BARS_PLAIN = '_.-:=+*#';

/** A replay for people: the course of ln E against the alarm line, the windows, and what it comes to. Pure. */
export function renderReplay(replayed: Replayed, look: Look): string[] {
  const { file, windows, judgements } = replayed;
  const last = judgements.at(-1)!;
  const { canary, baseline } = last.evidence;
  const head = `${visible(file)}: ${counted(windows.length, 'window')}, ${number(canary.requests)} canary and ${number(baseline.requests)} baseline requests`;
  return [
    ...hanging('', head, look.width),
    '',
    ...course(judgements, look),
    '',
    ...table(replayed, look),
    '',
    ...hanging(`${paint(last.verdict, last.verdict, look)}: `, last.reason, look.width),
    ...closing(replayed, look),
  ];
}

/** ln E from left to right, a full bar where the alarm line is reached; several windows share a column when they must. */
function course(judgements: readonly Judgement[], look: Look): string[] {
  const alarm = judgements[0]!.evidence.alarm;
  const bars = look.glyphs.ellipsis === '…' ? BARS : BARS_PLAIN;
  const columns = Math.min(judgements.length, look.width - 6);
  const shown = Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * judgements.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * judgements.length) / columns));
    const highest = judgements
      .slice(from, to)
      .reduce((best, one) => ((one.evidence.lnE ?? 0) > (best.evidence.lnE ?? 0) ? one : best));
    const share = Math.max(0, highest.evidence.lnE ?? 0) / alarm;
    // Only a line that is reached fills the bar.
    const height = share >= 1 ? bars.length - 1 : Math.floor(share * (bars.length - 1));
    const isHarm = judgements.slice(from, to).some((one) => one.verdict === 'harm');
    return look.paint(isHarm ? 'red' : 'cyan', bars[height]!);
  });
  const legend = `0 to the alarm line ${alarm.toFixed(2)} at full height; what is below 0 speaks for the canary`;
  return [`ln E  ${shown.join('')}`, ...hanging('      ', legend, look.width)];
}

function table({ windows, judgements }: Replayed, look: Look): string[] {
  const heading = ['', 'at', 'canary', 'baseline', 'ln E', 'verdict'];
  const shown = rowsShown(judgements);
  const rows = shown.map((index) => {
    const [window, judgement] = [windows[index]!, judgements[index]!];
    const lnE = judgement.evidence.lnE;
    return [
      String(index),
      new Date(timeOf(window.at)!).toISOString().replace(/\.000Z$/, 'Z'),
      `${number(window.canary.errors)} of ${number(window.canary.requests)}`,
      `${number(window.baseline.errors)} of ${number(window.baseline.requests)}`,
      lnE === null ? '' : lnE.toFixed(2),
      judgement.verdict,
    ];
  });
  const widths = heading.map((_, column) =>
    Math.max(...[heading, ...rows].map((row) => textWidth(row[column]!))),
  );
  const line = (row: readonly string[], verdict: Verdict | null): string =>
    row
      .map((word, column) => {
        if (column === 5) return verdict ? paint(verdict, word, look) : word;
        return column === 1 ? word.padEnd(widths[1]!) : word.padStart(widths[column]!);
      })
      .join('  ');
  const lines = [look.paint('dim', line(heading, null))];
  for (const [at, index] of shown.entries()) {
    const skipped = index - (shown[at - 1] ?? -1) - 1;
    if (skipped > 0) {
      const isSame = judgements.slice(index - skipped, index).every(isLike(judgements[index - skipped - 1]!));
      const note = `${look.glyphs.ellipsis} ${counted(skipped, 'window')} ${isSame ? 'with the same verdict' : 'more'}`;
      lines.push(look.paint('dim', note));
    }
    lines.push(line(rows[at]!, judgements[index]!.verdict));
  }
  return lines;
}

function isLike(one: Judgement): (other: Judgement) => boolean {
  return (other) => other.verdict === one.verdict;
}

/** All windows when they are few; else the first, the last and the first ones of each verdict in turn. */
function rowsShown(judgements: readonly Judgement[]): number[] {
  const all = judgements.map((_, index) => index);
  if (all.length <= ROWS_MAX) return all;
  const changes = all.filter(
    (index) =>
      index === 0 ||
      index === all.length - 1 ||
      judgements[index]!.verdict !== judgements[index - 1]!.verdict,
  );
  return changes.length <= ROWS_MAX ? changes : [...changes.slice(0, ROWS_MAX - 1), all.length - 1];
}

function closing({ judgements, policy }: Replayed, look: Look): string[] {
  const { evidence, verdict } = judgements.at(-1)!;
  const lines: string[] = [];
  const say = (text: string): void => {
    lines.push(...hanging('  ', text, look.width));
  };
  for (const { name, lnE, lnSign, ratio } of evidence.triggers) {
    const sign = lnSign === null ? '' : `, sign test ${lnSign.toFixed(2)}`;
    say(
      `${name}: ln E ${lnE?.toFixed(2) ?? 'none'}${sign}${ratio ? `; ${ratioText(ratio, policy.alpha)}` : ''}`,
    );
  }
  const { safe } = evidence.requestsNeeded;
  if (verdict === 'undecided' && safe !== null && safe > 0) {
    say(`safe to ${policy.notWorseThan}x: about ${number(safe)} more canary requests, if it is as good`);
  }
  if (!policy.isGuarded) {
    say(
      'errors are taken to come one by one; --learn takes A/A windows that show their bursts, and --guard judges as before any were learnt, when the sign test must agree',
    );
  }
  return lines;
}

function ratioText(
  { ratio, low, high }: NonNullable<Judgement['evidence']['triggers'][number]['ratio']>,
  alpha: number,
): string {
  const estimate = ratio === null ? 'no baseline errors to compare with' : `${round(ratio)}x the baseline's`;
  const sure = `${Number(((1 - alpha) * 100).toPrecision(6))} % sure`;
  const range = `${low === null ? 'no lower end' : `${round(low)}x`} to ${high === null ? 'no upper end' : `${round(high)}x`}`;
  return `${estimate} (${sure}: ${range})`;
}

function paint(verdict: Verdict, text: string, look: Look): string {
  const styles = { harm: 'red', safe: 'green', undecided: 'cyan', 'no-data': 'yellow' } as const;
  return look.paint(styles[verdict], text);
}

function round(value: number): string {
  return value >= 10 ? value.toFixed(0) : value.toFixed(2).replace(/\.?0+$/, '');
}

function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
