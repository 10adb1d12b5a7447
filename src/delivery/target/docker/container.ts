import type { Docker } from '../../../driver/docker/docker.ts';
import { EngineError, toldLines } from './engine-call.ts';
import { type Area, LABEL, type Role } from './names.ts';
import type { Running } from './release-spec.ts';

/** A container as the engine tells it. */
export interface Container {
  readonly id: string;
  readonly name: string;
  readonly digest: string;
  readonly key: string;
  /** As the release was when this was made. */
  readonly release: Running;
  /** On the engine's machine; null: none. */
  readonly port: number | null;
  readonly createdAtMs: number;
  readonly startedAtMs: number;
  readonly state: 'created' | 'running' | 'restarting' | 'ended';
  readonly code: number;
  readonly isOutOfMemory: boolean;
  /** How often it was started again. */
  readonly restarts: number;
  readonly image: string;
  /** `NAME=VALUE` */
  readonly environment: readonly string[];
}

/** All containers of an area with this role, also those that ended. */
export async function containersOf(
  docker: Docker,
  area: Area,
  role: Role,
  more: readonly string[] = [],
): Promise<readonly Container[]> {
  const words = ['ps', '--all', '--quiet', '--no-trunc', ...area.filter(role), ...more];
  const ids = await toldLines(docker, words);
  if (ids.length === 0) return [];
  const { code, output, complaint } = await docker.call(['container', 'inspect', ...ids]);
  // One that was removed meanwhile is complained of; the others are there.
  if (code !== 0 && !/no such container/i.test(complaint)) throw new EngineError(complaint);
  return (JSON.parse(output) as Inspected[]).map(containerOf);
}

/** null: there is none of this name. */
export async function containerNamed(docker: Docker, name: string): Promise<Container | null> {
  const { code, output, complaint } = await docker.call(['container', 'inspect', name]);
  if (code === 0) return containerOf((JSON.parse(output) as Inspected[])[0]!);
  if (/no such container/i.test(complaint)) return null;
  throw new EngineError(complaint);
}

/** Ends and removes containers with their anonymous volumes. One that is not there is gone already. */
export async function removeContainers(docker: Docker, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const { code, complaint } = await docker.call(['rm', '--force', '--volumes', ...ids]);
  if (code !== 0 && !/no such container|already in progress/i.test(complaint))
    throw new EngineError(complaint);
}

/** The last lines of what a container wrote, with the values of its secrets masked. */
export async function tailOf(
  docker: Docker,
  { id, environment, release }: Container,
): Promise<readonly string[]> {
  const { output, complaint } = await docker.call(['logs', '--tail', `${TAIL_LINES}`, id]);
  const values = release.secrets
    .map((name) => environment.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? '')
    .filter((value) => value !== '')
    .sort((one, other) => other.length - one.length);
  const text = [output, complaint].filter(Boolean).join('\n');
  // Line by line too: an output of several lines holds a value of several lines in parts.
  const parts = [
    ...values,
    ...values.flatMap((value) => value.split('\n').filter((part) => part.length > 3)),
  ];
  const masked = parts.reduce((left, value) => left.replaceAll(value, '***'), text);
  return masked === '' ? [] : masked.split('\n').slice(-TAIL_LINES);
}

const TAIL_LINES = 20;

/** How a container ended the last time. */
export function endOf({ code, isOutOfMemory }: Container): string {
  return isOutOfMemory ? 'it used more memory than it may' : `it ended with code ${code}`;
}

/** Members of the engine's answer. */
interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly Image: string;
  readonly RestartCount?: number;
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly StartedAt: string;
  };
  readonly Config: {
    readonly Env: readonly string[] | null;
    readonly Labels: Readonly<Record<string, string>> | null;
  };
}

function containerOf(one: Inspected): Container {
  const labels = one.Config.Labels ?? {};
  const { Status, ExitCode, OOMKilled, StartedAt } = one.State;
  return {
    id: one.Id.slice(0, 12),
    name: one.Name.replace(/^\//, ''),
    digest: labels[LABEL.digest] ?? '',
    key: labels[LABEL.key] ?? '',
    release: JSON.parse(labels[LABEL.release] ?? '{"secrets":[]}') as Running,
    port: labels[LABEL.port] === undefined ? null : Number(labels[LABEL.port]),
    createdAtMs: Date.parse(one.Created),
    startedAtMs: Math.max(0, Date.parse(StartedAt)),
    state: STATES[Status] ?? 'ended',
    code: ExitCode,
    isOutOfMemory: OOMKilled,
    restarts: one.RestartCount ?? 0,
    image: one.Image,
    environment: one.Config.Env ?? [],
  };
}

const STATES: Readonly<Record<string, Container['state']>> = {
  created: 'created',
  running: 'running',
  paused: 'running',
  restarting: 'restarting',
};
