import { child, type MapNode, type Node } from '../../native/node.ts';
import { type Problems, shown } from '../../native/problem.ts';
import type { StepControl } from '../../plan-workflow.ts';
import { scalarsOf, textOf } from './text.ts';

/** What the step does with steps in the background; null: it runs a script or an action. */
export function controlOf(node: MapNode): StepControl | null {
  const wait = child(node, 'wait');
  if (wait) return { kind: 'wait', steps: scalarsOf(wait).map((one) => textOf(one)!) };
  const cancel = textOf(child(node, 'cancel'));
  if (cancel !== null) return { kind: 'cancel', step: cancel };
  const all = child(node, 'wait-all');
  return all?.kind === 'scalar' ? { kind: 'wait-all' } : null;
}

/** How a step of the kind is called that has no name. */
export function controlTitle(control: StepControl): string {
  if (control.kind === 'wait') return `wait for ${control.steps.join(', ')}`;
  return control.kind === 'cancel' ? `cancel ${control.step}` : 'wait for all';
}

/** Warns of a step that waits for, or cancels, what no step before it began in the background. `steps`: all of the job. */
export function checkControls(steps: readonly MapNode[], problems: Problems): void {
  const begun: string[] = [];
  for (const node of steps) {
    const id = textOf(child(node, 'id'));
    if (id !== null && isBackground(node)) begun.push(id);
    for (const target of targetsOf(node)) {
      const name = textOf(target)!;
      if (begun.some((one) => one.toLowerCase() === name.toLowerCase())) continue;
      const near = problems.near(name, begun);
      problems.warn(
        'unknown-reference',
        target,
        `no step before this one has the id ${shown(name)} and \`background: true\``,
        {
          suggestion: near ? `did you mean \`${near}\`?` : `there are ${begun.join(', ') || 'none'}`,
        },
      );
    }
  }
}

export function isBackground(node: MapNode): boolean {
  const background = child(node, 'background');
  return background?.kind === 'scalar' && background.value === true;
}

function targetsOf(node: MapNode): readonly Node[] {
  return [...scalarsOf(child(node, 'wait')), ...scalarsOf(child(node, 'cancel'))];
}
