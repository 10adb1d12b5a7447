import { accessSync, constants as file, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { type OutputSink, StartError, type StepEnd, type StepProcess, type StepSpec } from '../contract.ts';
import type { ConfinedJob } from '../process/confined-step.ts';
import { shellExit } from '../shell-exit.ts';
import { bubblewrapWords, isOwnFolder, isShown, type SandboxPlan } from './bubblewrap-arguments.ts';
import { refuseForbidden } from './forbidden-path.ts';

export interface SandboxJobOptions {
  readonly plan: Omit<SandboxPlan, 'directory'>;
  /** The program `bwrap`. */
  readonly program: string;
  /** What the job runs as on this machine when Sluice is root; 0: as who runs Sluice. */
  readonly user: number;
}

/** bubblewrap takes 9,000 arguments; a variable is three of them, and there is room for 1,000 folders. */
const VARIABLES_MAX = 2000;
/** bubblewrap alone takes 10 ms before its program begins, on a machine with nothing else to do. */
const SHORT_MS = 30;

/** Puts every step of a job into a sandbox of its own; they share the folders that the job may write. */
export function sandboxJob(job: ConfinedJob, options: SandboxJobOptions): ConfinedJob {
  const { plan, program, user } = options;
  const before = [
    `bubblewrap=${program}`,
    ...(user === 0 ? [] : [`user=${user}`, ...plan.writable.map((folder) => `give=${folder}`)]),
  ];
  // The same for every step that begins in the same folder, which most do.
  let directory: string | null = null;
  let confinement: readonly string[] = [];
  return {
    start: async (step: StepSpec) => {
      refuseImpossible(plan, step);
      if (step.directory !== directory) {
        directory = step.directory;
        confinement = [...before, ...bubblewrapWords({ ...plan, directory })];
      }
      return outside(await job.start({ ...step, confinement, shortMs: SHORT_MS }));
    },
    attach: async (stepKey: string, onOutput: OutputSink) => {
      const step = await job.attach(stepKey, onOutput);
      return step === null ? null : outside(step);
    },
    ...(job.claim === undefined ? {} : { claim: (stepKey: string) => job.claim!(stepKey) }),
    close: () => job.close(),
    forget: () => job.forget(),
  };
}

/** bubblewrap could only say it in the step's own output, with an exit code that any program may have. */
function refuseImpossible(plan: SandboxJobOptions['plan'], step: StepSpec): void {
  const { command, directory, environment } = step;
  // Again for each step: the one before may have put a link in the place of a folder in its workspace.
  refuseForbidden([...plan.writable, ...plan.readable]);
  if (!isOwnFolder(directory)) {
    if (!isShown(plan, directory)) {
      throw new StartError('ENOENT', `the directory ${directory} is not in the sandbox`);
    }
    if (!isFolder(directory)) {
      throw new StartError('ENOENT', `the directory ${directory} cannot be entered: there is none`);
    }
  }
  if (Object.keys(environment).length > VARIABLES_MAX) {
    throw new StartError(
      'E2BIG',
      `a step in the sandbox can have ${VARIABLES_MAX} environment variables at most`,
    );
  }
  const [name = ''] = command;
  const names = name.includes('/')
    ? [resolve(directory, name)]
    : (environment.PATH ?? '').split(':').map((folder) => join(folder, name));
  const there = names.filter((path) => isExecutable(path));
  if (there.some((path) => isShown(plan, path)) || name === '') return;
  throw new StartError(
    'ENOENT',
    there.length === 0 ? `there is no program ${name}` : `${there[0]} is not in the sandbox`,
  );
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, file.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The step as it is seen past bubblewrap, which is what the process executor watches. */
function outside(step: StepProcess): StepProcess {
  return {
    get pid() {
      return step.pid;
    },
    signal: (signal) => step.signal(signal),
    // What the system tells of bubblewrap's use of the machine is not the step's.
    ended: step.ended.then((end) => ({ ...end, exit: exitOf(end.exit), usage: null })),
  };
}

/** bubblewrap turns a death by signal into an exit code, as a shell does. */
function exitOf(exit: StepEnd['exit']): StepEnd['exit'] {
  return exit.kind === 'code' ? shellExit(exit.code) : exit;
}
