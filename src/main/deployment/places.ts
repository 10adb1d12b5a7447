import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { userError } from '../../base/diagnostic.ts';
import { definitionOf, historyAt } from '../../client/deployment/past.ts';
import type { LookedAt, Places } from '../../client/deployment/rooms.ts';
import type { DeploymentDefinition } from '../../delivery/definition.ts';
import type { Version } from '../../delivery/plan.ts';
import type { Release } from '../../delivery/target/contract.ts';
import type { OpenDeploymentsOptions } from '../deployments.ts';
import { contentOf } from './content.ts';
import { openEvidence } from './evidence.ts';
import { openRouter } from './router.ts';
import { grantedTo, secretReader } from './secrets.ts';
import { openTarget } from './target.ts';
import { fillTemplate, type TemplateVersion } from './template.ts';

/** A release that says nothing ends its requests within. */
const DRAIN_DEFAULT_MS = 30_000;

/**
 * The places of a deployment, by the definition that it carries. `starts`: the built-in proxy is started when it does not run; otherwise nothing
 * is changed. The version before is what its own deployment defined. Rejects with a `UserError` for what cannot be opened.
 */
export async function openPlaces(
  options: OpenDeploymentsOptions,
  request: LookedAt,
  { starts }: { readonly starts: boolean },
): Promise<Places> {
  const { directory, environment: hostEnvironment, artifacts } = options;
  const definition = definitionOf(request);
  if (definition === null)
    throw userError(
      'definition-gone',
      `how ${request.service} is deployed to ${request.environment} is not recorded`,
      'deploy it again: sluice deploy',
    );
  const earlier = await definitionsBefore(options, request);
  const readSecret = await secretReader(directory, hostEnvironment, definition);
  const secrets = starts ? await grantedTo(definition, readSecret) : {};
  const versions = templateVersions(request, definition, earlier);
  const template = (text: string, version: Version, instance: { host: string | null; port: number | null }) =>
    fillTemplate(text, versions[version], secrets, instance);
  const nowhere = { host: null, port: null };
  const { router, measurable, missing } = await openRouter(directory, definition, starts);
  if (starts && missing.length > 0) throw userError('router-missing', missing.join('; '));
  const target = await openTarget(definition, directory, readSecret, hostEnvironment);
  const content = join(
    directory,
    'deployments',
    'content',
    request.candidate.replace(/^sha256:/, '').slice(0, 16),
  );
  const evidence = openEvidence(definition, {
    router,
    template: (text, version) => template(text, version, nowhere),
    commands: { folder: definition.source.path, environment: commandEnvironment(hostEnvironment) },
  });
  return {
    target,
    router,
    missing,
    measurable: [...measurable, 'health', 'resources'],
    ...evidence,
    template: (text, version, instance) => template(text, version, addressOf(instance)),
    async release(digest) {
      const own = digest === request.candidate ? definition : earlier.get(digest);
      if (own === undefined)
        throw userError(
          'release-unknown',
          `how ${digest.slice(0, 19)} was started is not recorded`,
          'deploy it as a release: sluice deploy --artifact DIGEST',
        );
      const version = digest === request.candidate ? 'candidate' : 'stable';
      const fill = (text: string) => template(text, version, nowhere);
      return {
        ...releaseOf(digest, own, fill),
        content: await contentOf(own.release, content, artifacts),
        secrets: own === definition ? secrets : await grantedTo(own, readSecret),
      };
    },
    async close() {
      const sources = [evidence.source, ...Object.values(evidence.checks)];
      await Promise.allSettled([target.close(), ...sources.map((source) => source?.close())]);
      if (starts) rmSync(content, { recursive: true, force: true });
    },
  };
}

function releaseOf(
  digest: string,
  { service, environment }: DeploymentDefinition,
  fill: (text: string) => string,
): Omit<Release, 'content' | 'secrets'> {
  const variables = { ...service.variables, ...environment.variables };
  return {
    service: service.name,
    digest,
    command: service.command === null ? null : fill(service.command),
    directory: service.directory,
    environment: Object.fromEntries(Object.entries(variables).map(([name, text]) => [name, fill(text)])),
    port: service.port,
    resources: {
      cpus: service.resources.cpus ?? environment.resources.cpus,
      memoryBytes: service.resources.memoryBytes ?? environment.resources.memoryBytes,
      diskBytes: service.resources.diskBytes ?? environment.resources.diskBytes,
      replicas: service.resources.replicas ?? environment.resources.replicas,
    },
    drainMs: service.drainTimeoutMs ?? DRAIN_DEFAULT_MS,
  };
}

/** How each digest was defined when it was brought last. */
async function definitionsBefore(
  { journal }: OpenDeploymentsOptions,
  { repository, environment, service }: LookedAt,
): Promise<ReadonlyMap<string, DeploymentDefinition>> {
  const found = new Map<string, DeploymentDefinition>();
  for (const { requested, definition } of await historyAt(journal, { repository, environment, service }))
    if (definition !== null) found.set(requested.candidate, definition);
  return found;
}

function templateVersions(
  { stable }: LookedAt,
  definition: DeploymentDefinition,
  earlier: ReadonlyMap<string, DeploymentDefinition>,
): Readonly<Record<Version, TemplateVersion>> {
  const before = stable === null ? undefined : earlier.get(stable);
  const previous = before?.release.version ?? null;
  return {
    candidate: { arm: 'new', definition, previous },
    stable: { arm: 'old', definition: before ?? definition, previous: null },
  };
}

function addressOf(instance: { readonly host: string; readonly address: string | null } | null) {
  if (instance === null) return { host: null, port: null };
  const port = Number(/:(\d+)$/.exec(instance.address ?? '')?.[1]);
  return { host: instance.host, port: Number.isFinite(port) ? port : null };
}

/** Commands of sources see this machine's variables, and none that may be a secret of Sluice's own. */
function commandEnvironment(environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const seen: Record<string, string> = {};
  for (const name of ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'USER', 'TMPDIR'])
    if (environment[name] !== undefined) seen[name] = environment[name];
  return seen;
}
