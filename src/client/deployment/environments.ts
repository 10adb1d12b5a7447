import type { Plan } from '../../pipeline/plan.ts';
import type { EnvironmentDefinition } from '../../pipeline/plan-environment.ts';
import type { ServiceDefinition } from '../../pipeline/plan-service.ts';
import { chooseRollback } from '../../rollback/choose.ts';
import type { Journal } from '../../store/contract.ts';
import { mayRunIn } from './choose.ts';
import type { EnvironmentServiceView, EnvironmentView } from './contract.ts';
import { shortDigest, withNames } from './fold.ts';
import { historyAt, type KnownDeployment, namesOf, servingOf } from './past.ts';
import { summaryOf } from './summary.ts';

/** What serves where, by the journal. `quarantine`: why a digest is in quarantine. */
export async function environmentViews(
  journal: Journal,
  plan: Plan,
  repository: string,
  quarantine: (digest: string) => Promise<string | null>,
): Promise<readonly EnvironmentView[]> {
  const views: EnvironmentView[] = [];
  for (const environment of plan.environments) {
    const services: EnvironmentServiceView[] = [];
    for (const service of plan.services.filter((one) => mayRunIn(one, environment.name))) {
      const history = await historyAt(journal, {
        repository,
        environment: environment.name,
        service: service.name,
      });
      services.push(await serviceView(environment, service, history, quarantine));
    }
    const { name, type, description, hosts } = environment;
    views.push({ name, type, description, hosts: hosts.map(({ host }) => host), services });
  }
  return views;
}

async function serviceView(
  environment: EnvironmentDefinition,
  service: ServiceDefinition,
  history: readonly KnownDeployment[],
  quarantine: (digest: string) => Promise<string | null>,
): Promise<EnvironmentServiceView> {
  const names = namesOf(history);
  const nameOf = (digest: string) => names.get(digest) ?? shortDigest(digest);
  const serving = servingOf(history);
  const open = history.findLast(({ past }) => past.outcome === null);
  const reasons = new Map<string, string | null>();
  for (const { past } of history) reasons.set(past.candidate, await quarantine(past.candidate));
  const choice = chooseRollback({
    history: history.map(({ past }) => past),
    quarantineOf: (digest) => reasons.get(digest) ?? null,
    wanted: null,
    onIrreversible: (service.rollback ?? environment.rollback)?.onIrreversible ?? 'freeze',
  });
  return {
    service: service.name,
    serving: serving?.digest ?? null,
    version: serving && nameOf(serving.digest),
    sinceMs: serving?.sinceMs ?? null,
    deploymentId: serving?.deploymentId ?? null,
    partly: serving?.partly ?? [],
    going: open
      ? {
          deploymentId: open.requested.deploymentId,
          kind: open.requested.kind,
          version: nameOf(open.requested.candidate),
          phase: summaryOf(open, false).phase,
        }
      : null,
    back:
      choice.kind === 'go'
        ? {
            digest: choice.digest,
            version: nameOf(choice.digest),
            sentence: `back to ${nameOf(choice.digest)}`,
          }
        : { digest: null, version: null, sentence: withNames(choice.sentence, nameOf) },
  };
}
