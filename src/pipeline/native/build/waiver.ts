import type * as z from 'zod';
import type { Waiver } from '../../plan-gate.ts';
import type { MapNode } from '../node.ts';
import type { waiversSchema } from '../schema/gate.ts';
import { plainValue } from '../value.ts';
import { entriesOf, placeOfNode } from './text.ts';

type Definitions = z.input<typeof waiversSchema>;

/** The waivers of the waivers file. */
export function waiversOf(tree: MapNode | null): Waiver[] {
  if (!tree) return [];
  const file = plainValue(tree) as Definitions;
  return entriesOf(file, 'waivers').map(({ value, node }) => {
    const waiver = value as Definitions['waivers'][number];
    return {
      condition: waiver.condition,
      match: { ...waiver.match },
      owner: waiver.owner,
      reason: waiver.reason,
      ticket: waiver.ticket ?? null,
      approver: waiver.approver,
      ...(waiver.granted === undefined ? {} : { granted: new Date(waiver.granted).toISOString() }),
      expires: endOf(waiver.expires),
      emergency: waiver.emergency ?? false,
      place: placeOfNode(node),
    };
  });
}

/** A day means its end. */
function endOf(text: string): string {
  const start = new Date(text).getTime();
  return new Date(text.includes('T') ? start : start + 86_400_000).toISOString();
}
