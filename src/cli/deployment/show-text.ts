import { formatDuration } from '../../base/duration.ts';
import { visible } from '../../base/text.ts';
import type { DeploymentView, DeployStepView } from '../../client/deployment/view.ts';
import type { Look } from '../look.ts';
import { hanging, row } from '../row.ts';
import { dateTime, durationOrNothing, ticking, timeOfDay } from '../time-text.ts';
import { coveredText, evidenceLines } from './evidence-text.ts';
import { deploymentGlyph, paintTone, stateWords, stepGlyph } from './outcome.ts';

/** The story of a deployment: what it is, its steps with what they saw, and what happened in order. Pure. */
export function showLines(view: DeploymentView, look: Look, nowMs: number): string[] {
  return [
    ...headLines(view, look),
    '',
    ...view.forth.flatMap((step) => stepLines(step, look, nowMs)),
    ...(view.back.length === 0
      ? []
      : ['', look.paint('bold', 'way back'), ...view.back.flatMap((step) => stepLines(step, look, nowMs))]),
    '',
    look.paint('bold', 'story'),
    ...view.story.flatMap((line) =>
      hanging(`${look.paint('dim', timeOfDay(line.atMs))}  `, visible(line.text), look.width).map(
        (text, index) => (index === 0 ? painted(text, line.tone, look) : paintTone(line.tone, text, look)),
      ),
    ),
  ];
}

/** The time stays as it is. */
function painted(text: string, tone: Parameters<typeof paintTone>[0], look: Look): string {
  const cut = text.indexOf('  ') + 2;
  return text.slice(0, cut) + paintTone(tone, text.slice(cut), look);
}

/** What it is and how it stands. */
export function headLines(view: DeploymentView, look: Look): string[] {
  const { outcome, kind, service, environment, version, sentence } = view;
  const goal =
    kind === 'rollback'
      ? `${visible(service)} in ${visible(environment)} back to ${visible(version)}`
      : `${visible(service)} ${visible(version)} to ${visible(environment)}`;
  const left = `${deploymentGlyph(outcome, look)} ${look.paint('bold', goal)}  ${stateWords(view)}`;
  const from = [view.branch, view.commit?.slice(0, 7)].filter((one) => one != null).join(' @ ');
  const facts = [
    `by ${visible(view.by)}`,
    dateTime(view.requestedAtMs),
    view.plan.strategy.replace('_', '-'),
    `digest ${view.candidate.replace(/^sha256:/, '').slice(0, 12)}`,
    ...(from === '' ? [] : [visible(from)]),
    ...(view.durationMs === null ? [] : [formatDuration(view.durationMs)]),
  ];
  return [
    row(left, look.paint('dim', view.deploymentId), look.width, look.glyphs.ellipsis),
    ...hanging('  ', facts.join(` ${look.glyphs.dot} `), look.width).map((text) => look.paint('dim', text)),
    ...(view.reason === null ? [] : hanging('  ', visible(view.reason), look.width)),
    ...(sentence === null ? [] : hanging('  ', visible(sentence), look.width)),
    ...view.warnings.flatMap((text) =>
      hanging(`  ${look.paint('yellow', look.glyphs.warned)} `, visible(text), look.width),
    ),
  ];
}

/** One step, and what it has seen. `nowMs` lets the time of a running one grow. */
export function stepLines(step: DeployStepView, look: Look, nowMs: number): string[] {
  const { watch, state, startedAtMs } = step;
  const time =
    state === 'running'
      ? watch
        ? coveredText(watch)
        : ticking(startedAtMs === null ? 0 : Math.max(0, nowMs - startedAtMs))
      : durationOrNothing(step.durationMs);
  const attempt = step.attempt > 1 ? look.paint('yellow', `  attempt ${step.attempt}`) : '';
  const title = state === 'waiting' ? look.paint('dim', visible(step.title)) : visible(step.title);
  const line = row(
    `${stepGlyph(state, look)} ${title}${attempt}`,
    look.paint('dim', time),
    look.width,
    look.glyphs.ellipsis,
  );
  const style = state === 'failed' ? 'red' : 'dim';
  const reason =
    step.reason === null || (watch && (state === 'running' || watch.reason === step.reason))
      ? []
      : hanging('    ', visible(step.reason), look.width).map((text) => look.paint(style, text));
  return [line, ...(watch === null ? [] : evidenceLines(watch, '    ', look)), ...reason];
}
