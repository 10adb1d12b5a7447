import { constants } from 'node:os';

import type { StepEnd } from './contract.ts';

/** Signals of which a program ends, by number. */
const DEADLY: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.signals)
    .filter(([name]) => !/^SIG(CHLD|CONT|URG|WINCH|STOP|TSTP|TTIN|TTOU|IOT|POLL|UNUSED)$/.test(name))
    .map(([name, number]) => [number, name]),
);

/**
 * Reads an exit code in which a death by signal is 128 + signal, as a shell makes it. Nothing tells it from a program that
 * ended with this code by itself; by far the most who do so are shells that mean the same.
 */
export function shellExit(code: number): StepEnd['exit'] {
  const signal = DEADLY.get(code - 128);
  return signal === undefined ? { kind: 'code', code } : { kind: 'signal', signal };
}
