import { mkdirSync } from 'node:fs';
import type { Confinement, Executor } from '../../executor/contract.ts';
import { StartError } from '../../executor/contract.ts';
import type { Environment } from '../environment.ts';
import { jobKey } from '../job-key.ts';

const OUTPUT_BYTES_MAX = 64 * 1024;

export interface ToolPlace {
  readonly runId: string;
  readonly executor: Executor;
  readonly confinement: Confinement | undefined;
  /** An empty folder to run in; made when it is not there. */
  readonly folder: string;
  readonly environment: Environment;
}

/**
 * What the command prints, with its exit code where that is not 0: what a missing program says is an answer too. At most
 * 64 KiB of it count. `number` tells the commands of a run apart.
 */
export async function askTool(command: string, number: number, place: ToolPlace): Promise<string> {
  const { runId, executor, confinement, folder, environment } = place;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const job = await executor.openJob({
    jobKey: jobKey(runId, `.tool-${number}`, 1),
    ...(confinement ? { confinement } : {}),
  });
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    const process = await job.start({
      stepKey: 'tool.1',
      command: ['sh', '-c', command],
      directory: folder,
      environment: { ...environment },
      tty: false,
      onOutput: (chunk) => {
        if (bytes < OUTPUT_BYTES_MAX) pieces.push(Buffer.from(chunk));
        bytes += chunk.length;
      },
    });
    const { exit } = await process.ended;
    const text = Buffer.concat(pieces).toString('utf8', 0, OUTPUT_BYTES_MAX).trim();
    if (exit.kind === 'code') return exit.code === 0 ? text : `exit code ${exit.code}: ${text}`;
    return exit.kind === 'signal' ? `signal ${exit.signal}: ${text}` : `lost: ${text}`;
  } catch (error) {
    if (error instanceof StartError) return `could not start: ${error.message}`;
    throw error;
  } finally {
    await job.close();
    job.forget();
  }
}
