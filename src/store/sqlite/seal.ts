import { digestOf } from '../../base/digest.ts';
import { damage } from './fault.ts';

export type Cell = string | number | null;

/** A hash over a row's columns, kept beside them: 64 bits, enough to notice damage (nobody is kept from forging it). */
export function sealOf(...cells: readonly Cell[]): string {
  return digestOf(JSON.stringify(cells)).slice(0, 16);
}

/** Throws `DamageError` when the row's seal does not fit its columns. `what` names the row: `lease run/x`. */
export function checkSeal(seal: string, what: string, file: string, ...cells: readonly Cell[]): void {
  if (seal !== sealOf(...cells)) throw damage(null, null, `${what} in ${file} is damaged`);
}
