import { join } from 'node:path';
import { digestOf } from '../../base/digest.ts';
import type { WorkRoom } from '../contract.ts';
import { openInputFiles } from './input-files.ts';
import { openWorkResults, type WorkResultsOptions } from './results.ts';

export interface WorkRoomOptions extends WorkResultsOptions {
  /** A folder of its own, for what is remembered of the user's files. May be emptied at any time. */
  readonly directory: string;
}

/** What is known of earlier work, over a storage. */
export function workRoom(options: WorkRoomOptions): WorkRoom {
  return {
    results: (scope, pipeline) => openWorkResults(options, scope, pipeline),
    inputs: (root, isLasting) =>
      openInputFiles({
        root,
        indexFile: isLasting ? join(options.directory, digestOf(root).slice(0, 32)) : null,
        clock: options.clock,
      }),
  };
}
