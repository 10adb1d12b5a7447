import type { WayBack } from '../plan.ts';
import type { ReleaseRequest } from '../release-request.ts';
import type { Mode } from './forth.ts';
import type { Settled } from './resolve.ts';

/** Why a release may not begin: each a sentence without a full stop that ends with what to do. */
export function refusalsOf(request: ReleaseRequest, settled: Settled, expectedMs: number): string[] {
  const { environment, service, candidate, stable, observed } = request;
  const said: string[] = [];
  if (observed.quarantine !== null) said.push(quarantined(candidate, observed.quarantine));
  if (service.environments.length > 0 && !service.environments.includes(environment.name))
    said.push(`${service.name} may not run in ${environment.name}; see \`environments\` of the service`);
  if (stable?.digest === candidate)
    said.push(`${candidate} runs in ${environment.name} already; there is nothing to deploy`);
  if (environment.timeoutMs !== null && environment.timeoutMs < expectedMs)
    said.push(
      `it is expected to take ${minutes(expectedMs)}, longer than the environment's timeout of ${minutes(environment.timeoutMs)}; give it more time, or watch each step for a shorter one`,
    );
  const unknown = settled.rollback.only.filter((host) => !settled.hosts.includes(host));
  if (settled.rollback.strategy === 'partial' && unknown.length === settled.rollback.only.length)
    said.push(`the rollback is partial, but \`only\` names none of the hosts; name at least one`);
  return said;
}

/** Why a digest in quarantine may not come, and what lifts it. */
export function quarantined(digest: string, reason: string): string {
  const word = digest.replace(/^sha256:/, '').slice(0, 12);
  return `${digest} is in quarantine: ${reason}; deploy another digest, or lift it: sluice deployment lift ${word} --reason TEXT`;
}

/** What a person should know before it begins. */
export function notesOf(request: ReleaseRequest, settled: Settled, mode: Mode, wayBack: WayBack): string[] {
  const { stable, service } = request;
  const { migrations } = service;
  const said: string[] = [];
  if (mode === 'first') {
    said.push(
      'this is the first release: health and smoke tests decide, and there is no version to go back to',
    );
  } else if (mode === 'replace' && stable?.isToGo) {
    said.push(
      'the candidate was proven before: health and smoke tests decide, nothing is compared with what is to go',
    );
  } else if (mode === 'replace' && stable?.isHealthy === false) {
    said.push(
      'the stable version is not healthy: health and smoke tests decide, nothing is compared with it',
    );
  }
  if (settled.type === 'recreate' && mode !== 'first')
    said.push('nobody is served from the end of the stable version until the candidate version is healthy');
  if (settled.type === 'rolling' && settled.hosts.length === 1 && mode === 'compare')
    said.push('there is one host, so rolling is the same as blue_green');
  if ((service.resources.diskBytes ?? request.environment.resources.diskBytes) !== null)
    said.push('the limit of disk is not held to: no target can');
  if (!wayBack.automatic)
    said.push(
      `it does not go back by itself: a person is asked, and after ${minutes(wayBack.decisionMs)} without an answer it does`,
    );
  if (wayBack.part !== null)
    said.push(
      `once the candidate version has all the traffic, only ${wayBack.only.join(', ')} would go back; before that everything does`,
    );
  if (migrations?.up) said.push(migrationNote(migrations.kind, wayBack));
  return said;
}

function migrationNote(
  kind: 'expand' | 'contract' | 'irreversible',
  { data, onIrreversible }: WayBack,
): string {
  if (kind === 'expand') return 'the stable version runs on the changed data too: it can always go back';
  if (data !== null) return 'from the change of the data on, going back takes that change back first';
  const then = {
    freeze: 'it stops where it is and waits for a person',
    roll_forward: 'it stops where it is until a newer release repairs it',
    revert: 'the stable version is started on the changed data all the same',
  }[onIrreversible];
  return `the change of the data cannot be taken back: from there on, when something is wrong, ${then}`;
}

function minutes(ms: number): string {
  return `${Math.round(ms / 6000) / 10} min`;
}
