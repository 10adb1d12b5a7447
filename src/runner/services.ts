import type { JsonObject } from '../base/json.ts';
import type { ExecutorJob, ServiceSpec, StartedService, StepEnd } from '../executor/contract.ts';
import type { HealthCheck } from '../pipeline/plan-health-check.ts';
import type { CommandService, ContainerService } from '../pipeline/plan-isolation.ts';
import { askNetwork, type HealthAnswer } from './health.ts';
import { containerOf } from './isolation.ts';
import { jobKey } from './job-key.ts';
import { fill } from './job-state.ts';
import type { KeepPlace } from './keep-place.ts';
import { StepOutput } from './log/output.ts';
import { logFile, stepKey } from './log/paths.ts';
import { readLogTail } from './log/tail.ts';
import { LogWriter } from './log/writer.ts';
import { JobProblem, KeepProblem } from './problem.ts';
import { shellCommand } from './shell.ts';

const TAIL_LINES = 10;
const POLL_MS = 200;
const LOG_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Starts what runs beside the steps of a job and waits until all of it is healthy. Containers belong to the service host,
 * commands to the executor's job, whose closing ends them. Throws a `KeepProblem` with the last lines of a service that does
 * not get healthy.
 */
export async function startServices(place: KeepPlace, job: ExecutorJob): Promise<void> {
  const { services } = place.state.message.job;
  const containers = services.filter((service) => service.kind === 'container');
  if (containers.length > 0) await startContainers(place, job, containers);
  for (const service of services) if (service.kind === 'command') await startCommand(place, job, service);
}

/** Ends the containers of the job; commands end with the executor's job. */
export async function stopServices(place: KeepPlace): Promise<void> {
  const { job, runId, cell, attempt } = place.state.message;
  if (!job.services.some(({ kind }) => kind === 'container')) return;
  await (await place.options.rooms.serviceHost()).stop(jobKey(runId, cell, attempt));
}

async function startContainers(
  place: KeepPlace,
  job: ExecutorJob,
  services: readonly ContainerService[],
): Promise<void> {
  const { runId, cell, attempt } = place.state.message;
  const host = await place.options.rooms.serviceHost();
  const specs = services.map((service) => containerSpec(place, service));
  const started = await host.start(jobKey(runId, cell, attempt), specs, [place.setup.workspace.folder]);
  const context: Record<string, JsonObject> = {};
  for (const { name, containerId, network, ports } of started) {
    context[name] = { id: containerId, network, ports: asStrings(ports) };
    if (place.state.container) place.state.container = { ...place.state.container, network };
  }
  place.state.services = context;
  for (const service of services) {
    const { health } = service;
    if (!health || health.ask.kind === 'command') continue;
    const port = firstPort(started.find((one) => one.name === service.name));
    await untilHealthy(place, job, service.name, health, service.startTimeoutMs, port, null);
  }
}

function asStrings(ports: Readonly<Record<string, number>>): JsonObject {
  return Object.fromEntries(Object.entries(ports).map(([inner, outer]) => [inner, String(outer)]));
}

function firstPort(service: StartedService | undefined): number | null {
  return Object.values(service?.ports ?? {})[0] ?? null;
}

function containerSpec(place: KeepPlace, service: ContainerService): ServiceSpec {
  const { health, name, startTimeoutMs } = service;
  const command = service.command === null ? null : ['sh', '-c', filled(place, service.command, name)];
  return {
    ...containerOf(service.container, place.state, place.setup.variables),
    name,
    command,
    startTimeoutMs,
    health:
      health?.ask.kind === 'command'
        ? {
            command: ['sh', '-c', filled(place, health.ask.run, name)],
            intervalMs: health.intervalMs,
            timeoutMs: health.timeoutMs,
            retries: health.failureThreshold,
          }
        : null,
  };
}

async function startCommand(place: KeepPlace, job: ExecutorJob, service: CommandService): Promise<void> {
  const { options, state, setup } = place;
  const { runId, cell, attempt, resumed } = state.message;
  const { name } = service;
  const key = stepKey(`service-${name}`, 1);
  const path = logFile(options.directory, runId, cell, attempt, key);
  const log = new LogWriter(path, options.clock, LOG_BYTES_MAX);
  const output = new StepOutput(log, setup.redaction.masker(), null);
  const onOutput = (chunk: Uint8Array): void => output.write(chunk);
  let process = resumed ? await job.attach(key, onOutput) : null;
  if (!process) {
    const environment = { ...setup.base, ...setup.variables };
    for (const [variable, text] of Object.entries(service.variables))
      environment[variable] = fill(text, `variable ${variable} of service ${name}`, () =>
        state.context(environment),
      );
    process = await job.start({
      stepKey: key,
      command: shellCommand(
        service.shell,
        filled(place, service.run, name),
        `${setup.workspace.folder}/script-${key}`,
        true,
      ),
      directory: setup.workspace.directory,
      environment,
      tty: false,
      onOutput,
    });
  }
  let end: StepEnd | null = null;
  void process.ended.then((ended) => {
    end = ended;
    output.end();
    if (!isClosing(place)) state.warnings.push(`service ${name} ended before the job did: ${endText(ended)}`);
  });
  const { health, startTimeoutMs } = service;
  if (health)
    await untilHealthy(place, job, name, health, startTimeoutMs, null, () =>
      end ? [`it ended: ${endText(end)}`, ...readLogTail(path, TAIL_LINES)].join('\n') : null,
    );
}

function isClosing({ state }: KeepPlace): boolean {
  return state.isClosing;
}

function endText({ exit }: StepEnd): string {
  if (exit.kind === 'code') return `exit code ${exit.code}`;
  return exit.kind === 'signal' ? `killed by ${exit.signal}` : exit.reason;
}

/** `over` tells why it can never become healthy, or null. */
async function untilHealthy(
  place: KeepPlace,
  job: ExecutorJob,
  name: string,
  check: HealthCheck,
  limitMs: number,
  port: number | null,
  over: (() => string | null) | null,
): Promise<void> {
  const { options, state } = place;
  const untilMs = options.clock.monotonic() + limitMs;
  let good = 0;
  for (let count = 1; !state.isStopped; count++) {
    const ended = over?.() ?? null;
    if (ended !== null) throw new KeepProblem(`service ${name} did not get healthy: ${ended}`);
    const answer = await ask(place, job, name, check, port, count);
    good = answer.good ? good + 1 : 0;
    if (good >= check.successThreshold) return;
    const leftMs = untilMs - options.clock.monotonic();
    if (leftMs <= 0)
      throw new KeepProblem(`service ${name} did not get healthy in ${limitMs} ms: ${answer.reason}`);
    // While it starts it is asked more often than while it runs.
    const pauseMs = Math.min(check.intervalMs, POLL_MS, leftMs);
    await new Promise<void>((resolve) => void options.clock.after(pauseMs, resolve));
  }
}

async function ask(
  place: KeepPlace,
  job: ExecutorJob,
  name: string,
  { ask: question, timeoutMs }: HealthCheck,
  port: number | null,
  count: number,
): Promise<HealthAnswer> {
  if (question.kind === 'command') return askCommand(place, job, name, question.run, timeoutMs, count);
  if (place.state.message.job.isolation.network === 'none')
    throw new JobProblem(`service ${name} has no network to be asked over; check it by a command`);
  if (question.kind === 'tcp') {
    const host = question.host === null ? null : filled(place, question.host, name);
    return askNetwork(
      { ...question, host, port: host === null && port !== null ? port : question.port },
      timeoutMs,
    );
  }
  const url = filled(place, question.url, name);
  if (!url.startsWith('/')) return askNetwork({ ...question, url }, timeoutMs);
  if (port === null)
    throw new JobProblem(
      `the health check of service ${name} needs a complete URL, such as http://127.0.0.1:8080${url}`,
    );
  return askNetwork({ ...question, url: `http://127.0.0.1:${port}${url}` }, timeoutMs);
}

async function askCommand(
  place: KeepPlace,
  job: ExecutorJob,
  name: string,
  run: string,
  timeoutMs: number,
  count: number,
): Promise<HealthAnswer> {
  const { setup, options } = place;
  const key = stepKey(`health-${name}`, count);
  const process = await job.start({
    stepKey: key,
    command: shellCommand('sh', filled(place, run, name), `${setup.workspace.folder}/script-${key}`, true),
    directory: setup.workspace.directory,
    environment: { ...setup.base, ...setup.variables },
    tty: false,
    onOutput: () => {},
  });
  const cancel = options.clock.after(timeoutMs, () => void process.signal('SIGKILL'));
  const end = await process.ended;
  cancel();
  const good = end.exit.kind === 'code' && end.exit.code === 0;
  return { good, reason: `its check ended with ${endText(end)}` };
}

function filled({ state, setup }: KeepPlace, text: string, service: string): string {
  return fill(text, `service ${service}`, () => state.context(setup.variables));
}
