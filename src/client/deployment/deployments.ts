import { UserError, userError } from '../../base/diagnostic.ts';
import { digestOf } from '../../base/digest.ts';
import { canonicalJson, type JsonObject } from '../../base/json.ts';
import type { Clock, Random } from '../../base/port.ts';
import type { Owners } from '../../controller/contract.ts';
import { accept } from '../../controller/deployment/accept.ts';
import { findOrphans, isDeploymentOrphaned, isUnfinished } from '../../controller/deployment/orphan.ts';
import { accountOf } from '../../journal/account.ts';
import type { DeploymentEvent, ReleaseEvent } from '../../journal/deployment-event.ts';
import type { Actor, PlacedEvent, StoredEvent } from '../../journal/event.ts';
import { DEPLOYMENT_STREAM_PREFIX, deploymentStream, releaseStream } from '../../journal/stream.ts';
import { ConflictError, type Store } from '../../store/contract.ts';
import type { Deployments, PlannedDeployment, QuarantineView } from './contract.ts';
import { environmentViews } from './environments.ts';
import { foldDeployment, shortDigest } from './fold.ts';
import { followDeployment } from './follow.ts';
import { namesOf, type PastFilter, pastDeployments, quarantineAt, versionsOf } from './past.ts';
import type { DeploymentRooms } from './rooms.ts';
import { summaryOf } from './summary.ts';
import { tellDeployment } from './tell.ts';

export interface ClientDeploymentsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly owners: Owners;
  readonly actor: Actor;
  readonly teams: () => Promise<readonly string[]>;
  /** Rejects with a `UserError` when a disk is too full for anything new. */
  readonly requireSpace: () => Promise<void>;
  /** Asked for once, by the first call that needs it. */
  readonly open: () => Promise<DeploymentRooms>;
}

const IDS_MAX = 1000;

/** Deployments for faces, over the journal and the process that drives each. */
export function clientDeployments(options: ClientDeploymentsOptions): Deployments {
  const { store, clock, actor, open } = options;
  const { journal } = store;
  const planning = async () => ({ journal, rooms: await open() });

  async function load(deploymentId: string): Promise<readonly StoredEvent<DeploymentEvent>[]> {
    const events = (await journal.read(
      deploymentStream(deploymentId),
    )) as readonly StoredEvent<DeploymentEvent>[];
    if (events[0]?.body.type !== 'deployment.requested')
      throw userError(
        'deployment-unknown',
        `there is no deployment ${deploymentId}`,
        'sluice deployment list',
      );
    return events;
  }

  const isOrphaned = (deploymentId: string) => isDeploymentOrphaned(options, deploymentId);

  async function names(deploymentId: string): Promise<ReadonlyMap<string, string>> {
    const [first] = await load(deploymentId);
    const { repository, environment, service } = first!.body as Requested;
    return namesOf(await collect({ repository, environment, service }));
  }

  async function collect(filter: PastFilter) {
    const found = [];
    for await (const known of pastDeployments(journal, filter)) found.unshift(known);
    return found;
  }

  return {
    // What makes plans is large, and whoever only lists or takes over makes none.
    plan: async (ask) => (await import('./plan.ts')).planDeployment(await planning(), ask),
    planRollback: async (ask) => (await import('./plan-rollback.ts')).planRollback(await planning(), ask),
    async begin(planned) {
      const { problems } = planned;
      if (problems.length > 0) throw new UserError(problems);
      // Going back is what room is left for.
      if (planned.kind === 'release') await options.requireSpace();
      const rooms = await open();
      await keep(rooms, planned, actor.id);
      const { repository, commit, commitTimeMs } = planned.definition.source;
      const deploymentId = await accept(
        {
          ...options,
          subject: {
            repository,
            ...(commit === null ? {} : { commit }),
            ...(commitTimeMs === null ? {} : { commitTimeMs }),
          },
        },
        requestOf(planned, accountOf(actor)),
      );
      if (planned.condemned !== null) await condemn(planned, planned.condemned, deploymentId);
      await rooms.supervise(deploymentId);
      return deploymentId;
    },
    async list({ limit, ...filter }) {
      const found = [];
      for await (const known of pastDeployments(journal, filter)) {
        if (found.length >= limit) break;
        const orphaned = known.past.outcome === null && (await isOrphaned(known.requested.deploymentId));
        found.push(summaryOf(known, orphaned));
      }
      return found;
    },
    resolve,
    async show(deploymentId) {
      return foldDeployment(await load(deploymentId), await names(deploymentId));
    },
    names,
    events: (deploymentId, { follow }): AsyncIterable<PlacedEvent> =>
      followDeployment(journal, clock, deploymentId, follow),
    async tell(deploymentId, told) {
      return tellDeployment(deploymentId, await load(deploymentId), told, {
        journal,
        clock,
        actor,
        teams: await options.teams(),
        awaken: () => keepDriven(deploymentId),
      });
    },
    keepDriven,
    async takeOver() {
      const orphans = await findOrphans(options);
      for (const deploymentId of orphans) await (await open()).supervise(deploymentId);
      return orphans;
    },
    environments: (plan, repository) =>
      environmentViews(journal, plan, repository, (digest) => quarantineAt(journal, digest)),
    async check(plan, source, environment) {
      const { checkEnvironments } = await import('./check.ts');
      return checkEnvironments(journal, await open(), plan, source, environment);
    },
    quarantined,
    async liftQuarantine(word, reason) {
      const { digest } = chosenQuarantine(await quarantined(), word);
      await say({ type: 'release.quarantine-lifted', digest, by: accountOf(actor), reason });
      return digest;
    },
  };

  /** What somebody goes back from comes nowhere again by itself. */
  async function condemn(
    { plan, reason }: PlannedDeployment,
    digest: string,
    deploymentId: string,
  ): Promise<void> {
    const why = `${accountOf(actor)} went back from it${reason === null ? '' : `: ${reason}`}`;
    await say({ type: 'release.quarantined', digest, service: plan.service, deploymentId, reason: why });
  }

  async function say(body: ReleaseEvent): Promise<void> {
    const stream = releaseStream(body.digest);
    for (;;) {
      const head = await journal.head(stream);
      try {
        await journal.append(stream, head, [{ schemaVersion: 1, at: clock.now(), actor, body }]);
        return;
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  }

  async function keepDriven(deploymentId: string): Promise<boolean> {
    if (!(await isUnfinished(store, deploymentId)) || !(await isOrphaned(deploymentId))) return false;
    await (await open()).supervise(deploymentId);
    return true;
  }

  async function resolve(text: string, repository?: string): Promise<string> {
    if (text === 'latest') {
      for await (const { requested } of pastDeployments(journal, { repository }))
        return requested.deploymentId;
      throw userError('deployment-none', 'nothing was deployed yet', 'sluice deploy');
    }
    const ids = (await journal.streams(DEPLOYMENT_STREAM_PREFIX, IDS_MAX)).map((stream) =>
      stream.slice(DEPLOYMENT_STREAM_PREFIX.length),
    );
    if (ids.includes(text)) return text;
    const matching = ids.filter((id) => id.startsWith(text) || id.endsWith(text));
    if (matching.length === 1) return matching[0]!;
    throw matching.length > 1
      ? userError(
          'deployment-ambiguous',
          `"${text}" can mean ${matching.slice(0, 5).join(', ')}`,
          'give more of the id',
        )
      : userError('deployment-unknown', `there is no deployment "${text}"`, 'sluice deployment list');
  }

  async function quarantined(repository?: string): Promise<readonly QuarantineView[]> {
    const known = await collect({ repository });
    const versions = versionsOf(known);
    const digests = new Set(known.flatMap(({ requested }) => [requested.candidate]));
    const found: QuarantineView[] = [];
    for (const digest of digests) {
      const last = (await journal.read(releaseStream(digest))).at(-1) as
        | StoredEvent<ReleaseEvent>
        | undefined;
      if (last?.body.type !== 'release.quarantined') continue;
      const { service, reason, deploymentId } = last.body;
      found.push({
        digest,
        version: versions.get(digest) ?? null,
        service,
        reason,
        deploymentId,
        atMs: last.at,
      });
    }
    return found.toSorted((one, other) => other.atMs - one.atMs);
  }
}

type Requested = Extract<DeploymentEvent, { type: 'deployment.requested' }>;

function requestOf(planned: PlannedDeployment, by: string): Omit<Requested, 'type' | 'deploymentId'> {
  const { kind, plan, definition, policy, reason, supersede } = planned;
  return {
    repository: definition.source.repository,
    service: plan.service,
    environment: plan.environment,
    kind,
    candidate: plan.candidate,
    stable: plan.stable,
    plan: plan as unknown as JsonObject,
    by,
    reason,
    trainId: null,
    binding: {
      commit: definition.source.commit,
      artifact: definition.release.digest,
      plan: digestOf(canonicalJson(plan)),
      policy,
    },
    definition: definition as unknown as JsonObject,
    ...(supersede ? { turn: 'supersede' as const } : {}),
  };
}

/** What is deployed does not expire: it may have to be brought back. */
async function keep(rooms: DeploymentRooms, { definition }: PlannedDeployment, by: string): Promise<void> {
  const { release, service, environment } = definition;
  if (release.kind !== 'artifact') return;
  const artifacts = await rooms.artifacts();
  const { digest, runId, name } = release;
  for (const record of await artifacts.find({ digest, runId, name }))
    await artifacts.pin(record, `${service.name} in ${environment.name} (${by})`);
}

function chosenQuarantine(all: readonly QuarantineView[], word: string): QuarantineView {
  const plain = word.replace(/^sha256:/, '');
  const found = all.filter(
    ({ digest, version }) => version === word || digest.replace(/^sha256:/, '').startsWith(plain),
  );
  if (found.length === 1) return found[0]!;
  const list = all.map(({ digest, version }) => version ?? shortDigest(digest)).join(', ');
  throw found.length > 1
    ? userError('quarantine-ambiguous', `"${word}" can mean several digests`, 'give more of the digest')
    : userError(
        'quarantine-unknown',
        `"${word}" is not in quarantine`,
        list === '' ? 'nothing is' : `these are: ${list}`,
      );
}
