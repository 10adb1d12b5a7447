import type { Clock } from '../../base/port.ts';
import type { Limits, StepEnd, StepProcess } from '../contract.ts';
import type { ConfinedJob, ConfinedStepSpec } from '../process/confined-step.ts';
import { diskUsage } from './disk-usage.ts';
import type { LimitCounts, LimitGroups } from './limit-groups.ts';
import { limitMessage } from './limit-message.ts';

const DISK_LOOK_MS = 200;
const REMOVE_AGAIN_MS = 10;
const REMOVE_TRIES = 200;

export interface LimitedJobOptions {
  readonly limits: Limits;
  readonly groups: LimitGroups;
  /** What the disk limit is about. */
  readonly writable: readonly string[];
  readonly clock: Clock;
}

/**
 * Holds a job to its limits and names the one that ended a step. Memory, processes and CPU are the kernel's; of the disk the
 * kernel holds the size of one file and we look at the sum, so a job may be above it for a moment.
 */
export function limitedJob(job: ConfinedJob, options: LimitedJobOptions): ConfinedJob {
  const { limits, groups, writable, clock } = options;
  const running = new Set<StepProcess>();
  const words = [...groups.words, ...(limits.diskBytes === null ? [] : [`filesize=${limits.diskBytes}`])];
  let isFull = false;
  let isClosed = false;
  /** One look is to come or under way. */
  let isWatching = false;
  let cancelLook = () => {};

  const lookAfter = (delayMs: number) => {
    if (limits.diskBytes === null || isWatching) return;
    isWatching = true;
    const { diskBytes } = limits;
    cancelLook = clock.after(delayMs, () => void look(diskBytes));
  };

  const look = async (limitBytes: number) => {
    const begin = clock.monotonic();
    const bytes = await diskUsage(writable);
    isWatching = false;
    if (isClosed) return;
    isFull = bytes > limitBytes;
    if (isFull) await Promise.all([...running].map((step) => step.signal('SIGKILL')));
    // Looking at a large tree takes its time; it is not to take more than a tenth of ours.
    if (running.size > 0) lookAfter(Math.max(DISK_LOOK_MS, 9 * (clock.monotonic() - begin)));
  };

  const watch = (step: StepProcess, before: LimitCounts): StepProcess => {
    // What the caller ends, it knows the cause of.
    let isAsked = false;
    const watched: StepProcess = {
      get pid() {
        return step.pid;
      },
      signal: (signal) => {
        isAsked = true;
        return step.signal(signal);
      },
      ended: step.ended.then(async (end) => {
        running.delete(step);
        const limit = isAsked ? undefined : await limitBehind(end, before);
        return limit === undefined ? end : { ...end, limit };
      }),
    };
    running.add(step);
    lookAfter(DISK_LOOK_MS);
    return watched;
  };

  const limitBehind = async (end: StepEnd, before: LimitCounts): Promise<StepEnd['limit']> => {
    if (end.exit.kind === 'code' && end.exit.code === 0) return undefined;
    const now = groups.counts();
    if (now.memory > before.memory) {
      return limitMessage('memory', limits.memoryBytes!);
    }
    if (now.processes > before.processes) {
      return limitMessage('processes', limits.processesMax!);
    }
    if (limits.diskBytes === null) return undefined;
    const isTooLarge = end.exit.kind === 'signal' && end.exit.signal === 'SIGXFSZ';
    // What was cut off by the size of a file may be just at the limit.
    if (!isFull && !isTooLarge && (await diskUsage(writable)) < limits.diskBytes) return undefined;
    return limitMessage('disk', limits.diskBytes);
  };

  return {
    start: async (spec: ConfinedStepSpec) => {
      const before = groups.counts();
      return watch(
        await job.start({ ...spec, confinement: [...words, ...(spec.confinement ?? [])] }),
        before,
      );
    },
    attach: async (stepKey, onOutput) => {
      // What was counted before belongs to the steps of the earlier owner, of which this is one.
      const step = await job.attach(stepKey, onOutput);
      return step === null ? null : watch(step, { memory: 0, processes: 0 });
    },
    close: async () => {
      const closed = await job.close();
      isClosed = true;
      cancelLook();
      // The last process is dead and may not be gone yet.
      for (let tries = 0; !groups.remove() && tries < REMOVE_TRIES; tries++) {
        await new Promise<void>((resolve) => clock.after(REMOVE_AGAIN_MS, resolve));
      }
      return closed;
    },
    ...(job.container === undefined ? {} : { container: job.container }),
    ...(job.claim === undefined ? {} : { claim: (stepKey: string) => job.claim!(stepKey) }),
    ...(job.imageCommand === undefined ? {} : { imageCommand: () => job.imageCommand!() }),
    forget: () => job.forget(),
  };
}
