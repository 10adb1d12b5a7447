import type { JsonObject } from '../../../base/json.ts';
import type { DeploymentState } from '../../../delivery/machine/state.ts';
import type { Version } from '../../../delivery/plan.ts';
import type { HealthEnd, Instance } from '../../../delivery/target/contract.ts';
import type { HealthCheck, HealthQuestion } from '../../../pipeline/plan-health-check.ts';
import type { Surroundings } from '../contract.ts';
import type { ActionOf } from './perform.ts';
import { type Answer, digestFor, done, failed, onHosts, type Scene } from './scene.ts';

interface HostHealth {
  readonly host: string;
  /** Why it is not healthy; null: it is. */
  readonly reason: string | null;
  readonly tail: readonly string[];
}

/** Waits until a version is healthy on its hosts. So many hosts in a row as the step lets pass may not be: they get no traffic. */
export async function awaitHealthy(scene: Scene, action: ActionOf<'await-healthy'>): Promise<Answer> {
  const { version, hosts, failuresMax } = action;
  const all = await onHosts(hosts, (host) => healthOn(scene, version, host));
  const bad = all.filter(({ reason }) => reason !== null);
  if (bad.length === 0) return done({ [unhealthyOutput(version)]: others(scene.state, version, hosts) });
  const told = bad.map(({ host, reason }) => `${host}: ${reason}`).join('; ');
  const tail = bad.flatMap((one) => one.tail);
  if (longestRow(all) > failuresMax || bad.length === hosts.length)
    return { ...failed(told), outputs: { tail } };
  const unhealthy = [...others(scene.state, version, hosts), ...bad.map(({ host }) => host)];
  return done({ [unhealthyOutput(version)]: unhealthy, tail }, `${told}; let pass`);
}

async function healthOn(scene: Scene, version: Version, host: string): Promise<HostHealth> {
  const { surroundings, timeoutMs } = scene;
  const { target } = surroundings;
  const digest = digestFor(scene, version);
  const instances = (await target.instances(host)).filter((one) => one.digest === digest && one.isRunning);
  if (instances.length === 0)
    return { host, reason: `nothing of the ${version} version runs there`, tail: [] };
  const ends = await Promise.all(
    instances.map((instance) =>
      target.health([instance], checksFor(scene.state, surroundings, version, instance), timeoutMs),
    ),
  );
  const worst = ends.find((end): end is Exclude<HealthEnd, { state: 'healthy' }> => end.state !== 'healthy');
  if (worst === undefined) return { host, reason: null, tail: [] };
  return { host, reason: worst.reason, tail: worst.state === 'unhealthy' ? worst.tail : [] };
}

function longestRow(all: readonly HostHealth[]): number {
  let longest = 0;
  let row = 0;
  for (const { reason } of all) {
    row = reason === null ? 0 : row + 1;
    longest = Math.max(longest, row);
  }
  return longest;
}

/** Name of the output that says where a version was let pass although it is not healthy. */
function unhealthyOutput(version: Version): string {
  return `unhealthy.${version}`;
}

/** Hosts of a version that were let pass although they are not healthy: they get no traffic, and their end is no news. */
export function unhealthyHosts(outputs: JsonObject, version: Version): readonly string[] {
  const hosts = outputs[unhealthyOutput(version)];
  return Array.isArray(hosts) ? (hosts as readonly string[]) : [];
}

/** What is known of other hosts stays. */
function others(state: DeploymentState, version: Version, hosts: readonly string[]): string[] {
  return unhealthyHosts(state.outputs, version).filter((host) => !hosts.includes(host));
}

/** The plan's health checks as they are asked of a version, or of one instance of it. */
export function checksFor(
  { plan }: Pick<DeploymentState, 'plan'>,
  { template }: Surroundings,
  version: Version,
  instance: Instance | null,
): readonly HealthCheck[] {
  const fill = (text: string) => template(text, version, instance);
  return plan.healthChecks.map((check) => ({ ...check, ask: filled(check.ask, fill) }));
}

function filled(ask: HealthQuestion, fill: (text: string) => string): HealthQuestion {
  switch (ask.kind) {
    case 'http':
      return { ...ask, url: fill(ask.url) };
    case 'tcp':
      return ask.host === null ? ask : { ...ask, host: fill(ask.host) };
    case 'command':
      return { ...ask, run: fill(ask.run) };
  }
}
