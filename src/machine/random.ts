import { randomBytes } from 'node:crypto';
import type { Random } from '../base/port.ts';

/** The machine's source of chance. */
export const machineRandom: Random = { bytes: (count) => randomBytes(count) };
