import type * as z from 'zod';
import { counted } from '../../../base/text.ts';
import type { DeployFreeze, DeployWindow, Promotion, Protection } from '../../plan-environment.ts';
import { type Problems, shown } from '../problem.ts';
import type { promotionSchema, protectionSchema } from '../schema/environment.ts';
import { nodeAt } from '../value.ts';
import { gatesOf } from './gate.ts';
import { entriesOf, listOf, placeOfNode } from './text.ts';

type Definition = z.input<typeof protectionSchema>;

/** What must be true before a deployment; null when nothing is said. */
export function protectionOf(definition: Definition | undefined, problems: Problems): Protection | null {
  if (!definition) return null;
  const approvers = definition.approvers ?? [];
  const approvals = definition.approvals ?? (approvers.length > 0 ? 1 : 0);
  const onlyPeople = approvers.length > 0 && approvers.every((name) => !name.startsWith('team/'));
  const people = new Set(approvers).size;
  if (onlyPeople && people < approvals) {
    problems.error(
      'bad-approval',
      nodeAt(definition, 'approvals'),
      `${approvals} people must agree, but there ${people === 1 ? 'is' : 'are'} ${counted(people, 'approver')}`,
      { suggestion: 'name more approvers, or ask for fewer' },
    );
  }
  return {
    approvals,
    approvers,
    authorAllowed: definition.author ?? false,
    windows: windowsOf(definition),
    freezes: freezesOf(definition, problems),
    gates: gatesOf(definition, problems),
    branches: listOf(definition.branches),
  };
}

function windowsOf(definition: Definition): DeployWindow[] {
  return entriesOf(definition, 'windows').map(({ value, node }) => {
    const window = value as NonNullable<Definition['windows']>[number];
    return {
      rule: window.rule ?? null,
      fromMinute: minuteOf(window.from),
      toMinute: minuteOf(window.to),
      timeZone: window.time_zone ?? 'UTC',
      place: placeOfNode(node),
    };
  });
}

function minuteOf(time: string): number {
  const [hour = '0', minute = '0'] = time.split(':');
  return Number(hour) * 60 + Number(minute);
}

function freezesOf(definition: Definition, problems: Problems): DeployFreeze[] {
  return entriesOf(definition, 'freezes').map(({ value, node }) => {
    const freeze = value as NonNullable<Definition['freezes']>[number];
    if (Date.parse(freeze.end) <= Date.parse(freeze.start)) {
      problems.error(
        'bad-value',
        nodeAt(freeze, 'end'),
        `the freeze ends at ${shown(freeze.end)}, which is not after its start`,
        { suggestion: 'swap `start` and `end`' },
      );
    }
    return {
      start: new Date(freeze.start).toISOString(),
      end: new Date(freeze.end).toISOString(),
      reason: freeze.reason ?? null,
      place: placeOfNode(node),
    };
  });
}

export function promotionOf(definition: z.input<typeof promotionSchema> | undefined): Promotion | null {
  return definition
    ? { after: listOf(definition.after), sameArtifact: definition.same_artifact ?? true }
    : null;
}
