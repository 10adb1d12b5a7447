import { counted, visible } from '../../base/text.ts';
import { closedText } from '../../client/deployment/story.ts';
import type { DeploymentView, DeployStepView } from '../../client/deployment/view.ts';
import type { Look } from '../look.ts';
import { hanging, row, shorten } from '../row.ts';
import { about, ticking } from '../time-text.ts';
import { asksPeople, stateWords } from './outcome.ts';
import { headLines, stepLines } from './show-text.ts';

/** Steps that are over, and steps to come, that are shown beside the present one when there is room. */
const SHOWN = [
  { done: 99, waiting: 99 },
  { done: 6, waiting: 6 },
  { done: 3, waiting: 3 },
  { done: 1, waiting: 1 },
  { done: 0, waiting: 0 },
] as const;

/**
 * The deployment as lines for a terminal, none wider than the look's width and no more than its height. `notice`: something to tell below
 * everything else. Pure.
 */
export function liveLines(view: DeploymentView, look: Look, nowMs: number, notice: string | null): string[] {
  for (const shown of SHOWN) {
    const lines = drawn(view, look, nowMs, notice, shown);
    if (lines.length <= look.height) return lines;
  }
  return drawn(view, look, nowMs, notice, { done: 0, waiting: 0 }).slice(-look.height);
}

function drawn(
  view: DeploymentView,
  look: Look,
  nowMs: number,
  notice: string | null,
  shown: { readonly done: number; readonly waiting: number },
): string[] {
  const steps = view.back.length > 0 ? view.back : view.forth;
  const lines = [
    ...headLines(view, look),
    '',
    ...(view.back.length > 0
      ? hanging('', look.paint('red', `it goes back: ${visible(view.rollback?.reason ?? '')}`), look.width)
      : []),
    ...folded(steps, shown).flatMap((part) =>
      typeof part === 'string' ? [look.paint('dim', `  ${part}`)] : stepLines(part, look, nowMs),
    ),
    '',
    trafficLine(view, look),
    footLine(view, look, nowMs),
    ...askedLines(view, look),
    ...(notice === null ? [] : hanging('', look.paint('yellow', notice), look.width)),
  ];
  return lines.map((line) => shorten(line, look.width, look.glyphs.ellipsis));
}

function folded(
  steps: readonly DeployStepView[],
  shown: { readonly done: number; readonly waiting: number },
): (DeployStepView | string)[] {
  const first = steps.findIndex(({ state }) => state === 'running' || state === 'failed');
  const waiting = steps.findIndex(({ state }) => state === 'waiting');
  const middle = first >= 0 ? first : waiting >= 0 ? waiting : steps.length;
  const begin = Math.max(0, middle - shown.done);
  const end = Math.min(steps.length, middle + 1 + shown.waiting);
  return [
    ...(begin > 0 ? [`${counted(begin, 'step')} done`] : []),
    ...steps.slice(begin, end),
    ...(end < steps.length ? [`${counted(steps.length - end, 'step')} to come`] : []),
  ];
}

/** How the traffic is divided, as the router confirmed it last. */
function trafficLine({ candidatePercent, stable }: DeploymentView, look: Look): string {
  const width = Math.max(10, Math.min(30, look.width - 50));
  const done = Math.round((candidatePercent / 100) * width);
  const bar =
    look.paint('cyan', look.glyphs.bar.repeat(done)) +
    look.paint('dim', look.glyphs.barEmpty.repeat(width - done));
  const rest = stable === null ? '' : `, ${Math.round((100 - candidatePercent) * 100) / 100} % stable`;
  return `traffic  ${bar}  ${candidatePercent} % candidate${rest}`;
}

function footLine(view: DeploymentView, look: Look, nowMs: number): string {
  const elapsed = ticking(Math.max(0, nowMs - view.requestedAtMs));
  const leftMs = remainingMs(view, nowMs);
  const time = leftMs === null ? elapsed : `${elapsed}, ${about(Math.ceil(leftMs / 1000) * 1000)} left`;
  return row(stateWords(view), look.paint('dim', time), look.width, look.glyphs.ellipsis);
}

/** By what the steps are expected to take; null while people decide. */
function remainingMs(view: DeploymentView, nowMs: number): number | null {
  if (asksPeople(view) || view.phase === 'waiting' || view.phase === 'queued') return null;
  const steps = view.back.length > 0 ? view.back : view.forth;
  return steps.reduce((sum, { state, expectedMs, startedAtMs, watch }) => {
    if (state === 'waiting') return sum + expectedMs;
    if (state !== 'running') return sum;
    const gone = watch ? watch.coveredMs : nowMs - (startedAtMs ?? nowMs);
    return sum + Math.max(0, expectedMs - gone);
  }, 0);
}

/** What a person can type now. */
export function askedLines(view: DeploymentView, look: Look): string[] {
  const { deploymentId, waiting, asked, held } = view;
  const command = (words: string) => look.paint('cyan', `sluice deployment ${words} ${deploymentId}`);
  if (asked)
    return hanging('', `a person decides: ${command('proceed')} or ${command('cancel')}`, look.width);
  if (held)
    return hanging('', `held: ${visible(held.reason)}; ${command('proceed')} lets it go on`, look.width);
  if (waiting === null) return [];
  const { approvalsLeft, closed, untilMs } = waiting;
  return [
    ...(approvalsLeft === 0
      ? []
      : hanging('', `waits for ${counted(approvalsLeft, 'approval')}: ${command('approve')}`, look.width)),
    ...(closed === null
      ? []
      : hanging(
          '',
          `not now: ${visible(closedText(closed, untilMs))}; ${command('override')} --reason TEXT`,
          look.width,
        )),
  ];
}
