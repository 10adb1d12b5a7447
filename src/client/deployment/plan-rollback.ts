import { userError } from '../../base/diagnostic.ts';
import { visible } from '../../base/text.ts';
import type { DeploymentDefinition } from '../../delivery/definition.ts';
import type { ReleaseRequest } from '../../delivery/release-request.ts';
import { compilePlan } from '../../delivery/strategy/compile.ts';
import { chooseRollback } from '../../rollback/choose.ts';
import { rollbackRequest } from '../../rollback/request.ts';
import { chosenEnvironment, chosenService } from './choose.ts';
import type { PlannedDeployment, RollbackAsk } from './contract.ts';
import { shortDigest } from './fold.ts';
import { historyAt, type KnownDeployment, quarantineAt } from './past.ts';
import { named, notWhole, planned, refusal } from './planned.ts';
import { observe } from './present.ts';
import { artifactOf } from './release.ts';
import type { PlanningRooms } from './rooms.ts';

/** See `Deployments.planRollback`. */
export async function planRollback(
  { journal, rooms }: PlanningRooms,
  ask: RollbackAsk,
): Promise<PlannedDeployment> {
  const { source, plan } = ask;
  const written = chosenEnvironment(plan, ask.environment);
  const service = chosenService(plan, ask.service, written);
  const history = await historyAt(journal, {
    repository: source.repository,
    environment: written.name,
    service: service.name,
  });
  const quarantines = new Map<string, string | null>();
  for (const { past } of history) {
    if (!quarantines.has(past.candidate))
      quarantines.set(past.candidate, await quarantineAt(journal, past.candidate));
  }
  const rollback = service.rollback ?? written.rollback;
  const choice = chooseRollback({
    history: history.map(({ past }) => past),
    quarantineOf: (digest) => quarantines.get(digest) ?? null,
    wanted: ask.to === null ? null : wantedDigest(history, ask.to),
    onIrreversible: rollback?.onIrreversible ?? 'freeze',
  });
  if (choice.kind === 'refused') {
    const { message, suggestion } = refusal(named(choice.sentence, history), written);
    throw userError('rollback-refused', message, suggestion);
  }
  const goal = history.findLast(({ past }) => past.candidate === choice.digest)!;
  // People who go back in an emergency do not wait for others: what is brought was approved when it was new.
  const before = goal.definition ?? definitionOrThrow(choice.digest);
  // Where it runs is as the file says now; what it is started with belongs to the release.
  const { variables, secrets, resources } = before.environment;
  const environment = { ...written, protection: null, variables, secrets, resources };
  const definition: DeploymentDefinition = { ...before, environment };
  const { observed, stable, findings, missing } = await observe(
    journal,
    rooms,
    history,
    definition,
    choice.digest,
  );
  const present = {
    service: definition.service,
    environment,
    author: null,
    strategy: null,
    rollback: null,
    observed,
  };
  const request = rollbackRequest(present, { digest: choice.digest, from: choice.from });
  const found =
    definition.release.kind === 'image'
      ? true
      : await artifactOf(await rooms.artifacts(), definition.release);
  return planned(compilePlan(gradual(request, ask.strategy, stable?.isHealthy ?? false)), {
    kind: 'rollback',
    definition,
    history,
    problems: [
      ...(found === null ? [notWhole(definition.release)] : []),
      ...missing.map((sentence) => refusal(sentence, environment)),
    ],
    gates: [],
    differs: [],
    findings,
    reason: ask.reason,
    supersede: true,
    condemned: ask.isRehearsal ? null : choice.from,
  });
}

function wantedDigest(history: readonly KnownDeployment[], word: string): string {
  const plain = word.replace(/^sha256:/, '');
  const known = history
    .toReversed()
    .find(
      ({ past, definition }) =>
        past.candidate === word ||
        definition?.release.version === word ||
        (/^[0-9a-f]{6,}$/.test(plain) && past.candidate.replace(/^sha256:/, '').startsWith(plain)),
    );
  if (known) return known.past.candidate;
  const versions = [
    ...new Set(
      history.map(({ past, definition }) => definition?.release.version ?? shortDigest(past.candidate)),
    ),
  ];
  throw userError(
    'release-unknown',
    `${JSON.stringify(word)} was never deployed there`,
    versions.length === 0 ? 'nothing was' : `these were: ${versions.map(visible).join(', ')}`,
  );
}

/** A proven release is watched for a moment only, and evidence need not be complete to go on. */
const BAKE_MS = 60_000;
const OBSERVE_MS = 30_000;

/**
 * The request of a rollback by another strategy than at once: in batches, or by weights with the running version beside it. Nothing but
 * health stops one in batches.
 */
function gradual(
  request: ReleaseRequest,
  strategy: RollbackAsk['strategy'],
  hasHealth: boolean,
): ReleaseRequest {
  if (strategy !== 'rolling' && strategy !== 'canary') return request;
  const stable = request.stable && { ...request.stable, isHealthy: hasHealth };
  if (strategy === 'rolling')
    return {
      ...request,
      stable,
      strategy: { type: 'rolling', bakeMs: BAKE_MS },
      observed: { ...request.observed, measurable: [] },
    };
  return {
    ...request,
    stable,
    strategy: {
      type: 'canary',
      bakeMs: BAKE_MS,
      observeMs: OBSERVE_MS,
      minSample: 1,
      onUndecided: 'proceed',
      onNoData: 'proceed',
    },
  };
}

function definitionOrThrow(digest: string): never {
  throw userError(
    'definition-gone',
    `how ${shortDigest(digest)} was started is not recorded`,
    'deploy it as a release: sluice deploy --artifact DIGEST',
  );
}
