import { chmodSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { userError } from '../../base/diagnostic.ts';
import type { Clock } from '../../base/port.ts';
import {
  type Confinement,
  type Executor,
  type Isolation,
  type JobSpec,
  type Limits,
  StartError,
} from '../contract.ts';
import type { ConfinedJob } from './confined-step.ts';
import { namesOf, ProcessJob } from './process-job.ts';
import { groupOfFile, groupPrefix, jobPrefix } from './step-name.ts';
import { Supervisor } from './supervisor.ts';

export type ProcessRung = 'cgroup' | 'subreaper' | 'process-group';

export interface ProcessExecutorOptions {
  /** A private folder for FIFOs and receipts, made when missing. The next owner must be given the same. */
  readonly directory: string;
  readonly clock: Clock;
  /** How long output may still come after the end of a step, when something holds the stream open. */
  readonly drainMs?: number;
  /** For tests: this rung and no other. */
  readonly rung?: ProcessRung;
  /** For tests: use nothing that only Linux has. */
  readonly portable?: boolean;
}

/** Runs steps as processes, and those of a sandbox, which brings the words for it. */
export interface ProcessExecutor extends Executor {
  openJob(spec: JobSpec): Promise<ConfinedJob>;
}

const SENTENCES: Readonly<Record<ProcessRung, string>> = {
  cgroup:
    'No isolation: steps run as this user. What they leave running is killed by control group (cgroup v2).',
  subreaper:
    'No isolation: steps run as this user. What they leave running is killed by a reaper for each step.',
  'process-group':
    'No isolation: steps run as this user. A process that leaves its session and empties its environment survives.',
};

/**
 * Opens the executor that runs steps as plain processes, started by a small perl helper.
 * Throws a `UserError` when there is no perl or the forced rung does not work on this machine.
 */
export async function openProcessExecutor(options: ProcessExecutorOptions): Promise<ProcessExecutor> {
  const { directory, clock, drainMs = 250, rung = '', portable = false } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (statSync(directory).mode & 0o077) chmodSync(directory, 0o700);
  const supervisor = new Supervisor({ directory, rung, portable });
  const found = await supervisor.open();
  if (found === 'none') {
    await supervisor.quit();
    throw userError(
      'executor.no-rung',
      `processes cannot be killed by ${rung} on this machine`,
      undefined,
      3,
    );
  }
  return {
    isolation: isolationOf(found as ProcessRung),
    openJob: async ({ jobKey, confinement }) => {
      const job = () => new ProcessJob({ jobKey, directory, clock, drainMs, supervisor });
      if (confinement === undefined) return job();
      refuseIsolation(confinement);
      const { limits, writable } = confinement;
      if (isUnlimited(limits)) return job();
      const { openLimitGroups } = await import('../limit/limit-groups.ts');
      const { limitedJob } = await import('../limit/limited-job.ts');
      const groups = openLimitGroups(groupName(jobKey), limits, found === 'cgroup');
      return limitedJob(job(), { limits, groups, writable, clock });
    },
    sweep: async (jobKey) => {
      const killed = await sweepFiles(supervisor, directory, jobKey, jobPrefix(jobKey));
      await removeLimits(groupName(jobKey));
      return killed;
    },
    groups: () => [...new Set(readdirSync(directory).map(groupOfFile))],
    // Without a job's key there is no mark to look for: what has no receipt is left to the sweep of its job.
    sweepGroup: async (group) => {
      const killed = await sweepFiles(supervisor, directory, '', groupPrefix(group));
      await removeLimits(groupPrefix(group));
      return killed;
    },
    shutdown: () => supervisor.quit(),
  };
}

/** What plain processes cannot be held to is refused; what they may read and write is the user's own to say. */
function refuseIsolation({ network, container }: Confinement): void {
  const asked = network === 'none' ? 'a job without network' : container === null ? null : 'a container';
  if (asked === null) return;
  throw new StartError('ENOTSUP', `${asked} is not possible without isolation: choose the sandbox or docker`);
}

function isUnlimited(limits: Limits): boolean {
  return Object.values(limits).every((limit) => limit === null);
}

/** What limited a dead owner's jobs, whose names begin so. */
async function removeLimits(namePrefix: string): Promise<void> {
  (await import('../limit/limit-groups.ts')).removeLimitGroups(namePrefix);
}

/** Files of a job are named the same, with a dot behind. */
function groupName(jobKey: string): string {
  return jobPrefix(jobKey).slice(0, -1);
}

async function sweepFiles(
  supervisor: Supervisor,
  directory: string,
  jobKey: string,
  prefix: string,
): Promise<number> {
  const names = namesOf(directory, prefix);
  if (names.length === 0 && jobKey === '') return 0;
  const killed = await supervisor.request('close', [jobKey, '1', ...names]);
  // A FIFO whose owner was killed before the receipt was written.
  for (const file of readdirSync(directory).filter((name) => name.startsWith(prefix))) {
    rmSync(join(directory, file), { force: true });
  }
  return killed;
}

function isolationOf(rung: ProcessRung): Isolation {
  return { kind: 'process', rung, sentence: SENTENCES[rung] };
}
