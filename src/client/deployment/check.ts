import type { JsonObject } from '../../base/json.ts';
import type { DeploymentDefinition } from '../../delivery/definition.ts';
import type { RunSource } from '../../journal/run-event.ts';
import type { Plan } from '../../pipeline/plan.ts';
import type { Journal } from '../../store/contract.ts';
import { chosenEnvironment, mayRunIn } from './choose.ts';
import type { EnvironmentCheck } from './contract.ts';
import { shortDigest } from './fold.ts';
import { isHealthy } from './observed.ts';
import { historyAt, namesOf, servingOf } from './past.ts';
import { variablesOf } from './plan.ts';
import type { DeploymentRooms, Places } from './rooms.ts';

/** See `Deployments.check`. */
export async function checkEnvironments(
  journal: Journal,
  rooms: DeploymentRooms,
  plan: Plan,
  source: RunSource,
  name: string | null,
): Promise<readonly EnvironmentCheck[]> {
  const environments = name === null ? plan.environments : [chosenEnvironment(plan, name)];
  const checks: EnvironmentCheck[] = [];
  for (const environment of environments) {
    for (const service of plan.services.filter((one) => mayRunIn(one, environment.name))) {
      const { repository, path, branch, commit, commitTimeMs } = source;
      const history = await historyAt(journal, {
        repository,
        environment: environment.name,
        service: service.name,
      });
      const serving = servingOf(history);
      const names = namesOf(history);
      const nameOf = (digest: string) => names.get(digest) ?? shortDigest(digest);
      const known = history.findLast(({ requested }) => requested.candidate === serving?.digest)?.definition;
      const release = known?.release ?? {
        kind: 'image' as const,
        digest: '',
        version: '',
        name: '',
      };
      const definition: DeploymentDefinition = {
        environment,
        service: known?.service ?? service,
        release,
        variables: variablesOf(plan, source),
        source: { path, repository, branch, commit, commitTimeMs },
      };
      const places = await rooms.look({
        repository,
        service: service.name,
        environment: environment.name,
        candidate: serving?.digest ?? '',
        stable: serving?.digest ?? null,
        definition: definition as unknown as JsonObject,
      });
      try {
        checks.push({
          environment: environment.name,
          service: service.name,
          serving: serving?.digest ?? null,
          version: serving && nameOf(serving.digest),
          ...(await askPlaces(places, serving?.digest ?? null, definition, nameOf)),
        });
      } finally {
        await places.close();
      }
    }
  }
  return checks;
}

type Asked = Pick<EnvironmentCheck, 'health' | 'target' | 'instances' | 'weights' | 'findings'>;

async function askPlaces(
  places: Places,
  serving: string | null,
  { service, environment }: DeploymentDefinition,
  nameOf: (digest: string) => string,
): Promise<Asked> {
  const { target, router } = places;
  const findings: string[] = [];
  const instances: EnvironmentCheck['instances'][number][] = [];
  let isAsked = false;
  for (const host of target.hosts) {
    try {
      for (const { digest, address, isRunning } of await target.instances(host))
        instances.push({ host, digest, version: nameOf(digest), address, isRunning });
      isAsked = true;
    } catch (error) {
      findings.push(`${host} cannot be asked: ${(error as Error).message}`);
    }
  }
  for (const one of instances.filter(({ digest }) => digest !== serving))
    findings.push(`${one.version} runs on ${one.host}, and no deployment says that it should`);
  findings.push(...places.missing);
  findings.push(
    ...(await target.drift().catch((error: Error) => [`drift cannot be told: ${error.message}`])),
  );
  const state = await router?.state();
  const weights =
    state?.outcome === 'known' && state.traffic
      ? Object.fromEntries(
          state.traffic.versions.map(({ version, weightPercent }) => [version, weightPercent]),
        )
      : null;
  if (serving !== null && state?.outcome === 'unknown')
    findings.push(`the router does not answer: ${state.reason}`);
  if (serving !== null && weights !== null && weights[serving] !== 100)
    findings.push(
      `the router gives ${nameOf(serving)} ${weights[serving] ?? 0} % of the traffic, and it should have all`,
    );
  const checks = [...service.healthChecks, ...environment.healthChecks];
  const health =
    serving === null
      ? 'nothing'
      : !isAsked
        ? 'unknown'
        : (await isHealthy(places, serving, checks))
          ? 'healthy'
          : 'unhealthy';
  if (health === 'unhealthy') findings.unshift(`${nameOf(serving!)} is not healthy`);
  return { health, target: target.sentence, instances, weights, findings };
}
