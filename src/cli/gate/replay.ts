import { counted, visible } from '../../base/text.ts';
import type { ReplayedCondition, ReplayedRun } from '../../client/gate/contract.ts';
import { type Context, EXIT } from '../context.ts';
import type { Look } from '../look.ts';
import { loadAsked } from '../pipeline-source.ts';
import { hanging } from '../row.ts';
import { dateTime } from '../time-text.ts';
import { runLimit } from './history.ts';

export interface ReplayOptions {
  readonly policy?: string;
  readonly limit?: string;
}

/**
 * Judges what earlier runs of a pipeline reported by the gates as they are written now, or by those of another file, and tells
 * which runs they would have stopped or let through.
 */
export async function replay(
  context: Context,
  [name]: readonly string[],
  options: ReplayOptions,
): Promise<number> {
  const limit = runLimit(options.limit);
  const source = await context.ports.repository(null);
  const plan = await loadAsked(context, source, name);
  const policy = options.policy === undefined ? plan : await loadAsked(context, source, options.policy);
  const gates = await (await context.client()).gates();
  const runs = await gates.replay({ repository: source.repository, pipeline: plan.name, policy, limit });
  if (context.json) context.printJson(runs);
  else
    context.print([
      ...runs.flatMap((run) => runLines(run, context.look)),
      ...hanging('', summary(plan.name, runs), context.look.width),
    ]);
  return EXIT.done;
}

function runLines(run: ReplayedRun, look: Look): string[] {
  const { runId, branch, requestedAtMs, before, after, because, changes } = run;
  if (before === after && changes.length === 0) return [];
  const [style, word] = fateOf(before, after);
  const on = branch === null ? '' : `  ${visible(branch)}`;
  const why = because === null ? '' : `: ${visible(because)}`;
  return [
    ...hanging('', `${dateTime(requestedAtMs)}  ${runId}${on}  ${look.paint(style, word)}${why}`, look.width),
    ...changes.flatMap((change) => changeLines(change, look)),
  ];
}

function changeLines({ gate, condition, before, after, sentence }: ReplayedCondition, look: Look): string[] {
  const change = `${before ?? 'not judged'} -> ${after ?? 'not judged'}`;
  return hanging(
    '    ',
    `${visible(gate)}/${visible(condition)}: ${change}: ${visible(sentence)}`,
    look.width,
  );
}

function fateOf(
  before: ReplayedRun['before'],
  after: ReplayedRun['after'],
): readonly ['red' | 'green' | 'yellow' | 'dim', string] {
  if (after === 'unknown') return ['yellow', `${before}, and nobody can tell what would be`];
  if (before === after) return ['dim', `${after} all the same`];
  return after === 'stopped' ? ['red', 'passed, would be stopped'] : ['green', 'stopped, would pass'];
}

function summary(pipeline: string, runs: readonly ReplayedRun[]): string {
  if (runs.length === 0) return `there is no run of ${visible(pipeline)} that is over`;
  const count = (fits: (run: ReplayedRun) => boolean): number => runs.filter(fits).length;
  const stopped = count(({ before, after }) => before === 'passed' && after === 'stopped');
  const passed = count(({ before, after }) => before === 'stopped' && after === 'passed');
  const unknown = count(({ after }) => after === 'unknown');
  const same = runs.length - stopped - passed - unknown;
  const parts = [`${stopped} would be stopped`, `${passed} would pass`, `${same} would end as they did`];
  if (unknown > 0) parts.push(`${unknown} cannot be told`);
  return `${counted(runs.length, 'run')} of ${visible(pipeline)}: ${parts.join(', ')}`;
}
