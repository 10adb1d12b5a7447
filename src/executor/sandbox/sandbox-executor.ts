import { type UserError, userError } from '../../base/diagnostic.ts';
import type { Clock } from '../../base/port.ts';
import { type Confinement, type Executor, type Isolation, StartError } from '../contract.ts';
import { openProcessExecutor, type ProcessRung } from '../process/process-executor.ts';
import { type Bubblewrap, findBubblewrap, NAMESPACES } from './bubblewrap.ts';
import { refuseForbidden } from './forbidden-path.ts';
import { jobUser } from './job-user.ts';
import { sandboxJob } from './sandbox-job.ts';
import type { ProbeVerdict } from './self-test.ts';
import { systemMounts } from './system-mounts.ts';

export interface SandboxExecutorOptions {
  /** A private folder for FIFOs and receipts, made when missing. The next owner must be given the same. */
  readonly directory: string;
  readonly clock: Clock;
  /** Where `bwrap` is looked for. */
  readonly path: string;
  /** Refuse to open when the self-test finds that a job could get out: for work that is not trusted. */
  readonly requireSound: boolean;
  /** How long output may still come after the end of a step, when something holds the stream open. */
  readonly drainMs?: number;
  /** For tests: this rung and no other. */
  readonly rung?: ProcessRung;
}

/** Of /tmp, where the job has no disk limit. It lies in memory. */
const TEMPORARY_BYTES = 1024 ** 3;

/**
 * Opens the executor that runs each step in a sandbox of bubblewrap. It watches, ends and takes over steps as the process
 * executor does; what it adds is where they run. Throws a `UserError` when there is no bubblewrap or no
 * sandbox can be made.
 */
export async function openSandboxExecutor(options: SandboxExecutorOptions): Promise<Executor> {
  const { path, requireSound, ...processOptions } = options;
  const bubblewrap = await findBubblewrap(path);
  const inner = await openProcessExecutor(processOptions);
  const system = systemMounts();
  // bubblewrap's own death signal would also end what a step leaves running for the steps behind it, so it is only for
  // machines on which nothing better ends a tree.
  const dieWithParent = inner.isolation.rung === 'process-group';
  const executor: Executor = {
    ...inner,
    isolation: isolationOf(inner.isolation, bubblewrap),
    openJob: async ({ jobKey, confinement }) => {
      const { writable, readable, network, limits } = checked(confinement);
      const job = await inner.openJob({
        jobKey,
        confinement: { writable, readable, network: 'host', limits, container: null },
      });
      const temporaryBytes = Math.min(limits.diskBytes ?? TEMPORARY_BYTES, TEMPORARY_BYTES);
      const plan = { system, writable, readable, network, temporaryBytes, dieWithParent };
      return sandboxJob(job, { plan, program: bubblewrap.program, user: jobUser(jobKey) });
    },
  };
  if (requireSound) {
    const leaks = (await testSandbox(executor, options.directory)).filter(({ denied }) => !denied);
    if (leaks.length > 0) {
      await executor.shutdown();
      throw unsound(leaks);
    }
  }
  return executor;
}

/**
 * Opens a sandbox, tries from inside what a hostile job would, and returns each probe with its verdict: for `sluice doctor`.
 * Remembers a sound result for as long as the machine is not started anew and nothing about it changes, unless `anew`.
 * Throws a `UserError` when there is no bubblewrap.
 */
export async function sandboxSelfTest(
  options: Omit<SandboxExecutorOptions, 'requireSound'> & { readonly anew?: boolean },
): Promise<readonly ProbeVerdict[]> {
  const { anew = false, ...executorOptions } = options;
  const executor = await openSandboxExecutor({ ...executorOptions, requireSound: false });
  try {
    return await testSandbox(executor, options.directory, anew);
  } finally {
    await executor.shutdown();
  }
}

async function testSandbox(executor: Executor, directory: string, anew = false): Promise<ProbeVerdict[]> {
  // Loaded only here: most runs have no sandbox to test.
  const { probeSandbox, rememberedProbes } = await import('./self-test.ts');
  // Beside the folder, in which every file belongs to a step.
  return anew ? probeSandbox(executor) : rememberedProbes(executor, `${directory}.self-test.json`);
}

function unsound(leaks: readonly ProbeVerdict[]): UserError {
  const found = leaks.map(({ probe, reason }) => `${probe}: ${reason}`).join('; ');
  return userError(
    'executor.unsound-sandbox',
    `the sandbox of this machine does not hold (${found}), so nothing untrusted is run in it`,
    `see \`sluice doctor\`; ${NAMESPACES}`,
    3,
  );
}

function checked(confinement: Confinement | undefined): Confinement {
  if (confinement === undefined) {
    throw new StartError('EINVAL', 'a job in the sandbox has to say what it may see and use');
  }
  if (confinement.container !== null) {
    throw new StartError('ENOTSUP', 'the sandbox has no container images: choose docker');
  }
  refuseForbidden([...confinement.writable, ...confinement.readable]);
  return confinement;
}

function isolationOf({ rung }: Isolation, { version }: Bubblewrap): Isolation {
  return {
    kind: 'sandbox',
    rung: rung === 'process-group' ? 'pid-namespace' : rung,
    sentence: `Sandbox: each step sees only its own processes, the system's programs and the job's folders (bubblewrap ${version}).`,
  };
}
