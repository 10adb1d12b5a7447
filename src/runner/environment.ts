import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Executor } from '../executor/contract.ts';
import type { Trust } from '../journal/event.ts';
import { githubContext } from '../pipeline/expression-github.ts';
import { githubEnvironment } from '../pipeline/github/environment.ts';
import type { JobMessage } from './contract.ts';
import { jobKey } from './job-key.ts';
import { JobProblem } from './problem.ts';
import type { Workspace } from './workspace/workspace.ts';

/** What a job sees of the machine's own environment, besides every LC_ variable. All else stays outside. */
const ALLOWED = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'TZ'],
  // How this machine reaches the network is a fact of the machine, not of who started the run.
  ...[
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'ALL_PROXY',
    'NO_PROXY',
    'http_proxy',
    'https_proxy',
    'all_proxy',
    'no_proxy',
  ],
  ...[
    'SSL_CERT_FILE',
    'SSL_CERT_DIR',
    'NODE_EXTRA_CA_CERTS',
    'CURL_CA_BUNDLE',
    'REQUESTS_CA_BUNDLE',
    'GIT_SSL_CAINFO',
  ],
];
/** Where programs are when nobody says otherwise. */
export const PATH_DEFAULT = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Linux: one string may have 128 KiB (with its terminating NUL), and 2 MiB is what is left of the stack for all. */
const ONE_BYTES_MAX = 128 * 1024 - 1;
const TOTAL_BYTES_MAX = 2 * 1024 * 1024;

/** In the folder of a job: the payload of the event, and where actions may put programs. */
const EVENT_FILE = 'event.json';
const TOOL_CACHE = 'tools';

export type Environment = Record<string, string>;

/** The allowed part of the machine's environment. */
export function allowedEnvironment(host: Readonly<Record<string, string | undefined>>): Environment {
  const environment: Environment = { PATH: PATH_DEFAULT };
  for (const name of ALLOWED) {
    const value = host[name];
    if (value !== undefined) environment[name] = value;
  }
  for (const [name, value] of Object.entries(host)) {
    if (name.startsWith('LC_') && value !== undefined) environment[name] = value;
  }
  return environment;
}

/** Of it, what holds in a container too: it has an image's own programs, user and files. */
function containerEnvironment(allowed: Environment): Environment {
  const isAbroad = (name: string) => /_proxy$/i.test(name) || /^(LANG|TZ|LC_.*)$/.test(name);
  return Object.fromEntries(Object.entries(allowed).filter(([name]) => isAbroad(name)));
}

const LOCALE =
  /^(LANG|TZ|LC_(ALL|CTYPE|COLLATE|MESSAGES|MONETARY|NUMERIC|TIME|ADDRESS|IDENTIFICATION|MEASUREMENT|NAME|PAPER|TELEPHONE))$/;

/**
 * What the steps see of the machine's environment. `allowed`: the most that any may. An untrusted run sees no name of the machine's
 * user and no way out of it; a proxy's address may hold a password. `home`: its own folder instead.
 */
export function machineEnvironment(
  allowed: Environment,
  kind: Executor['isolation']['kind'],
  trust: Trust,
  home: string,
): Environment {
  const fit = kind === 'docker' ? containerEnvironment(allowed) : allowed;
  if (trust === 'trusted') return fit;
  const kept = Object.entries(fit).filter(
    ([name, value]) =>
      name === 'PATH' ||
      LOCALE.test(name) ||
      (kind === 'docker' && /_proxy$/i.test(name) && !value.includes('@')),
  );
  return { ...Object.fromEntries(kept), ...(kind === 'docker' ? {} : { HOME: home }) };
}

/** What a job is told about itself. Texts of the event reach it here, as values, and nowhere else. */
export function jobEnvironment(
  message: JobMessage,
  { folder, directory, temporary }: Pick<Workspace, 'folder' | 'directory' | 'temporary'>,
): Environment {
  const { source, contexts } = message;
  const event = contexts.event.name;
  const own: Environment = {
    CI: 'true',
    SLUICE: 'true',
    SLUICE_RUN_ID: message.runId,
    // By this mark a later owner finds processes that left their session.
    SLUICE_JOB_KEY: jobKey(message.runId, message.cell, message.attempt),
    SLUICE_JOB: message.cell,
    SLUICE_WORKSPACE: directory,
    SLUICE_BRANCH: source.branch ?? '',
    SLUICE_TAG: source.tag ?? '',
    SLUICE_COMMIT: source.commit ?? '',
    SLUICE_EVENT: typeof event === 'string' ? event : '',
    TMPDIR: temporary,
  };
  if (message.job.workflow === null) return own;
  const status = { failed: false, cancelled: false, skippedNeed: false };
  const machine = {
    arch: process.arch,
    temporary,
    toolCache: join(folder, TOOL_CACHE),
    eventFile: join(folder, EVENT_FILE),
    isDebug: isDebugged(message),
  };
  const { scope } = message.job.workflow;
  const named = scope ? { ...own, GITHUB_JOB: scope.name } : own;
  return { ...own, ...githubEnvironment({ ...contexts, env: named, status }, machine) };
}

/** Whether a workflow was started so that it shows its `::debug::` lines. */
export function isDebugged({ contexts }: JobMessage): boolean {
  return contexts.vars.ACTIONS_STEP_DEBUG === 'true';
}

/** Makes what the environment of a workflow's job names. */
export function prepareWorkflowFiles(message: JobMessage, folder: string, environment: Environment): void {
  const status = { failed: false, cancelled: false, skippedNeed: false };
  const { event } = githubContext({ ...message.contexts, env: environment, status });
  writeFileSync(join(folder, EVENT_FILE), JSON.stringify(event));
  mkdirSync(join(folder, TOOL_CACHE), { recursive: true });
}

/** Throws a `JobProblem` for what no process can be given. */
export function checkEnvironment(environment: Environment): void {
  let total = 0;
  for (const name in environment) {
    const value = environment[name]!;
    if (value.includes('\0') || name.includes('\0')) {
      throw new JobProblem(
        `variable ${name.replaceAll('\0', '\\0')} holds a NUL byte, which no process can be given`,
      );
    }
    // UTF-8 has at most three bytes for a UTF-16 unit; only where that is near the limit are they counted.
    const length = name.length + value.length + 2;
    const bytes =
      length * 3 > ONE_BYTES_MAX ? Buffer.byteLength(name) + Buffer.byteLength(value) + 2 : length;
    if (bytes > ONE_BYTES_MAX) {
      throw new JobProblem(
        `variable ${name} has ${bytes} bytes; a process takes at most ${ONE_BYTES_MAX} in one; pass it in a file`,
      );
    }
    total += bytes;
  }
  if (total > TOTAL_BYTES_MAX) {
    throw new JobProblem(
      `the environment has ${total} bytes; a process takes at most ${TOTAL_BYTES_MAX}; pass large values in files`,
    );
  }
}
