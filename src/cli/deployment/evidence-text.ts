import { formatDuration } from '../../base/duration.ts';
import { visible } from '../../base/text.ts';
import type { EvidenceFigures, WatchView } from '../../client/deployment/view.ts';
import type { Look } from '../look.ts';
import { hanging } from '../row.ts';

const BAR_WIDTH = 20;

/** What a watched step has seen, as lines below it: counts, how near harm and safe are, and what is missing. Pure. */
export function evidenceLines(watch: WatchView, indent: string, look: Look): string[] {
  const { figures, verdict, reason, sampleMin } = watch;
  const lines: string[] = [];
  if (figures !== null) {
    lines.push(...hanging(indent, countsLine(figures), look.width));
    if (figures.lnE !== null)
      lines.push(`${indent}${towardLine('harm', figures.lnE, figures.alarm, 'red', look)}`);
    if (figures.lnSafe !== null)
      lines.push(`${indent}${towardLine('safe', figures.lnSafe, figures.alarm, 'green', look)}`);
    const missing = Math.max(0, sampleMin - figures.fresh.canary);
    if (missing > 0)
      lines.push(
        ...hanging(indent, `${missing} more requests of the candidate until the step may go on`, look.width),
      );
  }
  const style = verdict === 'harm' ? 'red' : verdict === 'safe' ? 'green' : 'yellow';
  const told = hanging(`${indent}${look.paint(style, verdict)}: `, visible(reason), look.width);
  return [...lines, ...told];
}

function countsLine({ canary, baseline, ratio }: EvidenceFigures): string {
  const counts = `candidate ${rate(canary)}, stable ${rate(baseline)}`;
  if (ratio === null || ratio.ratio === null) return counts;
  const interval =
    ratio.low === null
      ? ''
      : ` (${times(ratio.low)} to ${ratio.high === null ? 'unknown' : times(ratio.high)})`;
  return `${counts}; ${times(ratio.ratio)} times as many errors${interval}`;
}

function rate({ requests, errors }: { readonly requests: number; readonly errors: number }): string {
  const percent = requests === 0 ? '' : ` (${((100 * errors) / requests).toFixed(2)} %)`;
  return `${errors} of ${requests} failed${percent}`;
}

function times(value: number): string {
  return value >= 100 ? `${Math.round(value)}` : value.toFixed(value >= 10 ? 1 : 2);
}

/** `harm  ━━━━────  E 12 of 100`: the alarm rings when E reaches its limit. */
function towardLine(name: string, ln: number, alarm: number, style: 'red' | 'green', look: Look): string {
  const part = Math.max(0, Math.min(1, ln / alarm));
  const done = Math.floor(part * BAR_WIDTH);
  const bar =
    look.paint(style, look.glyphs.bar.repeat(done)) +
    look.paint('dim', look.glyphs.barEmpty.repeat(BAR_WIDTH - done));
  return `${name}  ${bar}  ${ln >= alarm ? 'E over' : `E ${times(Math.exp(ln))} of`} ${times(Math.exp(alarm))}`;
}

/** `12.0s of 30.0s`. */
export function coveredText({ coveredMs, durationMs }: WatchView): string {
  return `${formatDuration(Math.min(coveredMs, durationMs))} of ${formatDuration(durationMs)}`;
}
