import type { Actor } from './event.ts';

/** The account of whoever acted, as pipeline files name it: an actor of this machine, `ada (uid 1000)`, is `ada`. */
export function accountOf({ id }: Pick<Actor, 'id'>): string {
  return id.replace(/ \(uid -?\d+\)$/, '');
}
