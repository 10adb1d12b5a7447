import { writeSync } from 'node:fs';
import process from 'node:process';
import { sweepLogs } from '../../src/machine/disk/sweep.ts';

/* Removes all logs below a folder: `FOLDER`. Says `ready` first, and `over` when it was not killed. */

const folder = process.argv[2]!;
writeSync(1, 'ready\n');
await sweepLogs({ folder, bytesMax: 0, ageMaxMs: 0, nowMs: Date.now(), isOver: async () => true });
writeSync(1, 'over\n');
