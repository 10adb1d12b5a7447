import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

import { digestOf } from '../../base/digest.ts';
import type { Executor } from '../contract.ts';
import { StartError } from '../contract.ts';

/** One thing a job could try against the machine, and whether it was denied. */
export interface ProbeVerdict {
  readonly probe: string;
  readonly denied: boolean;
  /** `denied`, or what was possible. */
  readonly reason: string;
}

/** The names in probes.pl, and what is looked at from outside. One that does not answer was not denied. */
const PROBES =
  `arguments of others|capabilities|change root|control groups|device files on mounts|disks|enter namespaces|
environment of others|homes|inherited files|kernel code|kernel keyring|kernel log|kernel memory|kernel settings|limits|machine|
make device|mount|network|no new privileges|other namespaces|outside file|outside processes|password file|
remount|setuid programs|shared memory|signal outside|sockets of services|sockets without a path|system folders|terminal|
trace outside|unmount|user and groups|user namespace`
    .split('|')
    .map((name) => name.trim());
const OWNER = 'owner of files';

const PROGRAM = readFileSync(new URL('./probes.pl', import.meta.url), 'utf8');

/**
 * Tries from inside a sandbox without network what a hostile job would, and returns the verdict of each probe. Takes about
 * 0.1 s. A sandbox that cannot be made at all is one verdict that says why.
 */
export async function probeSandbox(executor: Executor): Promise<ProbeVerdict[]> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-probe-')));
  const workspace = join(folder, 'workspace');
  const outsideFile = join(folder, 'outside');
  mkdirSync(workspace);
  writeFileSync(outsideFile, 'outside', { mode: 0o644 });
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const secret = randomBytes(16).toString('hex');
  let output = '';
  const jobKey = `self-test-${process.pid}-${secret.slice(0, 8)}`;
  try {
    const limits = { cpus: null, memoryBytes: null, processesMax: null, diskBytes: null };
    const confinement = {
      writable: [workspace],
      readable: [],
      network: 'none',
      limits,
      container: null,
    } as const;
    const job = await executor.openJob({ jobKey, confinement });
    try {
      const step = await job.start({
        stepKey: 'probes',
        // The program in the arguments: nothing of Sluice has to be shown inside.
        command: [
          'perl',
          '-e',
          PROGRAM,
          workspace,
          outsideFile,
          String(process.pid),
          String(port),
          backwards(secret),
        ],
        directory: workspace,
        environment: { PATH: '/usr/bin:/bin', SLUICE_PROBE_SECRET: secret },
        tty: false,
        onOutput: (chunk) => {
          output += Buffer.from(chunk).toString();
        },
      });
      await step.ended;
      const made = await job.start({
        stepKey: 'owner',
        command: ['sh', '-c', 'echo > made && chmod 6777 made'],
        directory: workspace,
        environment: { PATH: '/usr/bin:/bin' },
        tty: false,
        onOutput: () => {},
      });
      await made.ended;
    } finally {
      await job.close();
      job.forget();
    }
    return [...PROBES.map((probe) => verdictOf(probe, output)), ownerVerdict(join(workspace, 'made'))];
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [{ probe: 'start', denied: false, reason: error.message }];
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As `probeSandbox`, but once for each boot, kernel, version of bubblewrap and user; `file` remembers. */
export async function rememberedProbes(executor: Executor, file: string): Promise<ProbeVerdict[]> {
  const key = digestOf(
    JSON.stringify([bootId(), release(), executor.isolation.sentence, process.geteuid?.(), PROGRAM]),
  );
  const known = readKnown(file);
  if (known?.key === key) return known.verdicts;
  const verdicts = await probeSandbox(executor);
  // Only what is sound is remembered: what is not may have been put right meanwhile.
  if (verdicts.every(({ denied }) => denied)) {
    const temporary = `${file}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify({ key, verdicts }), { mode: 0o600 });
    renameSync(temporary, file);
  }
  return verdicts;
}

const KNOWN = z.object({
  key: z.string(),
  verdicts: z.array(z.object({ probe: z.string(), denied: z.boolean(), reason: z.string() })),
});

function readKnown(file: string): z.infer<typeof KNOWN> | null {
  try {
    return KNOWN.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data ?? null;
  } catch {
    return null;
  }
}

function verdictOf(probe: string, output: string): ProbeVerdict {
  const line = output.split('\n').find((text) => text.startsWith(`${probe}\t`));
  const reason =
    line?.slice(probe.length + 1) ?? `no answer: ${output.trim().split('\n').at(-1) || 'it said nothing'}`;
  return { probe, denied: reason === 'denied', reason };
}

/** A program that the job made must not run as root, or as who runs Sluice when that is root, for whoever starts it. */
function ownerVerdict(file: string): ProbeVerdict {
  const owner = statSync(file, { throwIfNoEntry: false })?.uid;
  const reason =
    owner === undefined ? 'no file was made' : owner === 0 ? 'what a job makes is of root' : 'denied';
  return { probe: OWNER, denied: reason === 'denied', reason };
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
}

function backwards(text: string): string {
  return [...text].reverse().join('');
}
