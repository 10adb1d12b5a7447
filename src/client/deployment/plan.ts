import type { Diagnostic } from '../../base/diagnostic.ts';
import { userError } from '../../base/diagnostic.ts';
import { digestOf } from '../../base/digest.ts';
import { canonicalJson } from '../../base/json.ts';
import { visible } from '../../base/text.ts';
import type { DeploymentDefinition, ReleaseOrigin } from '../../delivery/definition.ts';
import type { DeploymentPlan } from '../../delivery/plan.ts';
import type { ObservedFacts, ReleaseRequest } from '../../delivery/release-request.ts';
import { compilePlan } from '../../delivery/strategy/compile.ts';
import { protectionOf } from '../../gate/policy/production.ts';
import type { ReleaseEvent } from '../../journal/deployment-event.ts';
import type { RunSource } from '../../journal/run-event.ts';
import { releaseStream, runStream } from '../../journal/stream.ts';
import { runContextsOf } from '../../pipeline/expression-run.ts';
import type { Plan } from '../../pipeline/plan.ts';
import type { EnvironmentDefinition } from '../../pipeline/plan-environment.ts';
import type { ServiceDefinition } from '../../pipeline/plan-service.ts';
import { chooseRollback } from '../../rollback/choose.ts';
import { quarantineOf } from '../../rollback/quarantine.ts';
import { rollbackRequest } from '../../rollback/request.ts';
import type { Journal } from '../../store/contract.ts';
import { chosenEnvironment, chosenService } from './choose.ts';
import type { DeployAsk, PlannedDeployment, RollbackAsk } from './contract.ts';
import { demandProblems } from './demand.ts';
import { shortDigest, withNames } from './fold.ts';
import { dispersionOf, isHealthy, timingsOf, trafficOf } from './observed.ts';
import { distinct, historyAt, type KnownDeployment, servingOf, versionsOf } from './past.ts';
import { artifactOf, type ChosenRelease, chosenRelease } from './release.ts';
import type { DeploymentRooms } from './rooms.ts';

export interface PlanningRooms {
  readonly journal: Journal;
  readonly rooms: DeploymentRooms;
}

/** See `Deployments.plan`. */
export async function planDeployment(
  { journal, rooms }: PlanningRooms,
  ask: DeployAsk,
): Promise<PlannedDeployment> {
  const { source } = ask;
  const written = chosenEnvironment(ask.plan, ask.environment);
  const chosen = chosenService(ask.plan, ask.service, written);
  const protection = protectionOf(written);
  const environment = { ...withOtherwise(written, ask.otherwise), protection };
  const service = withStrategy(chosen, environment, ask.strategy);
  const release = await chosenRelease(() => rooms.artifacts(), service, source, ask.release);
  const history = await historyAt(journal, {
    repository: source.repository,
    environment: environment.name,
    service: service.name,
  });
  const definition = {
    ...definitionFor(ask.plan, environment, service, release, source),
    ...(ask.job === undefined ? {} : { job: ask.job }),
  };
  const { observed, stable, findings, missing } = await observe(
    journal,
    rooms,
    history,
    definition,
    release.origin.digest,
  );
  const request: ReleaseRequest = {
    service,
    environment,
    candidate: release.origin.digest,
    stable,
    author: await authorOf(journal, release.record?.runId ?? null),
    strategy: null,
    rollback: ask.rollback,
    observed,
  };
  const { problems, passed } = await demandProblems(journal, {
    environment: written,
    service,
    protection,
    release,
    repository: source.repository,
  });
  const whole = release.record === null || (await (await rooms.artifacts()).isWhole(release.record));
  return planned(compilePlan(request), {
    kind: 'release',
    definition,
    history,
    problems: [
      ...problems,
      ...(whole ? [] : [notWhole(release.origin)]),
      ...missing.map((sentence) => refusal(sentence, environment)),
    ],
    gates: passed,
    findings,
    reason: ask.reason,
    supersede: ask.supersede,
    condemned: null,
  });
}

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
    const [cause, wayOut] = choice.sentence.split('; ');
    throw userError('rollback-refused', named(cause!, history), wayOut && named(wayOut, history));
  }
  const goal = history.findLast(({ past }) => past.candidate === choice.digest)!;
  // People who go back in an emergency do not wait for others: what is brought was approved when it was new.
  const environment = { ...written, protection: null };
  const definition: DeploymentDefinition = {
    ...(goal.definition ?? definitionOrThrow(choice.digest)),
    environment,
  };
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
    findings,
    reason: ask.reason,
    supersede: true,
    condemned: ask.isRehearsal ? null : choice.from,
  });
}

interface Beside {
  readonly kind: 'release' | 'rollback';
  readonly definition: DeploymentDefinition;
  readonly history: readonly KnownDeployment[];
  readonly problems: readonly Diagnostic[];
  readonly gates: PlannedDeployment['gates'];
  /** What the places said that a person should know. */
  readonly findings: readonly string[];
  readonly reason: string | null;
  readonly supersede: boolean;
  readonly condemned: string | null;
}

function planned(compiled: DeploymentPlan, beside: Beside): PlannedDeployment {
  const { kind, definition, history, gates, findings, reason, supersede, condemned } = beside;
  const versions = versionsOf(history);
  const { digest, version } = definition.release;
  versions.set(digest, version);
  const refusals = compiled.refusals.map((sentence) =>
    refusal(named(sentence, history, versions), definition.environment),
  );
  return {
    kind,
    plan: { ...compiled, notes: [...compiled.notes, ...findings] },
    definition,
    version,
    stableVersion:
      compiled.stable === null
        ? null
        : (distinct(versions).get(compiled.stable) ?? shortDigest(compiled.stable)),
    problems: [...beside.problems, ...refusals],
    gates,
    policy: digestOf(canonicalJson(definition.environment.protection)),
    reason,
    supersede,
    condemned,
  };
}

/** A sentence of the core says what to do behind its last semicolon. */
function refusal(sentence: string, { place }: Pick<EnvironmentDefinition, 'place'>): Diagnostic {
  const cut = sentence.indexOf('; ');
  const message = cut < 0 ? sentence : sentence.slice(0, cut);
  const way = cut < 0 ? {} : { suggestion: sentence.slice(cut + 2) };
  return { severity: 'error', code: 'deploy-refused', message, place, ...way };
}

/** Digests as people know them. */
function named(
  sentence: string,
  history: readonly KnownDeployment[],
  versions: ReadonlyMap<string, string> = versionsOf(history),
): string {
  return withNames(sentence, (digest) => {
    const name = versions.get(digest);
    return name === undefined || name === shortDigest(digest)
      ? shortDigest(digest)
      : `${visible(name)} (${shortDigest(digest)})`;
  });
}

function notWhole(origin: ReleaseOrigin): Diagnostic {
  return {
    severity: 'error',
    code: 'release-gone',
    message: `the content of ${visible(origin.version)} (${shortDigest(origin.digest)}) is not kept any more`,
    suggestion: 'build it again: sluice run',
  };
}

async function observe(
  journal: Journal,
  rooms: DeploymentRooms,
  history: readonly KnownDeployment[],
  definition: DeploymentDefinition,
  candidate: string,
): Promise<{
  readonly observed: ObservedFacts;
  readonly stable: ReleaseRequest['stable'];
  readonly findings: readonly string[];
  readonly missing: readonly string[];
}> {
  const serving = servingOf(history);
  const known = {
    ...timingsOf(history),
    dispersion: dispersionOf(history),
    quarantine: await quarantineAt(journal, candidate),
  };
  const { repository } = definition.source;
  const { service, environment } = definition;
  const places = await rooms.look({
    repository,
    service: definition.service.name,
    environment: definition.environment.name,
    candidate,
    stable: serving?.digest ?? null,
    definition: definition as unknown as NonNullable<Parameters<DeploymentRooms['look']>[0]['definition']>,
  });
  try {
    const drift = await places.target.drift().catch(() => []);
    return {
      observed: { ...known, ...(await trafficOf(places.router)), measurable: places.measurable },
      stable: serving && {
        digest: serving.digest,
        isHealthy: await isHealthy(places, serving.digest, [
          ...service.healthChecks,
          ...environment.healthChecks,
        ]),
      },
      missing: places.missing,
      findings: drift.map((sentence) => `drift: ${sentence}`),
    };
  } finally {
    await places.close();
  }
}

/** Why a digest is in quarantine; null: it is not. */
export async function quarantineAt(journal: Journal, digest: string): Promise<string | null> {
  const events = await journal.read(releaseStream(digest));
  return quarantineOf(events.map(({ body }) => body as ReleaseEvent));
}

/** Whoever asked for the run that made the release. */
async function authorOf(journal: Journal, runId: string | null): Promise<string | null> {
  if (runId === null) return null;
  const [first] = await journal.read(runStream(runId), 0, 1);
  return first?.body.type === 'run.requested' ? (first.body.askedBy?.[0] ?? null) : null;
}

function definitionFor(
  plan: Plan,
  environment: EnvironmentDefinition,
  service: ServiceDefinition,
  { origin, record }: ChosenRelease,
  source: RunSource,
): DeploymentDefinition {
  const { path, repository } = source;
  const made = record ?? { branch: source.branch, commit: source.commit };
  const commitTimeMs = made.commit === source.commit ? source.commitTimeMs : null;
  return {
    environment,
    service,
    release: origin,
    variables: variablesOf(plan, source),
    source: { path, repository, branch: made.branch, commit: made.commit, commitTimeMs },
  };
}

/** As a run sees them that nobody gave anything. */
export function variablesOf(plan: Plan, source: RunSource) {
  const event = { name: 'manual', payload: {} };
  return runContextsOf(plan, source, { runId: '', event, inputs: {}, variables: {} }).vars;
}

const NO_STRATEGY = {
  weights: null,
  observeMs: null,
  batch: null,
  failuresMax: null,
  bakeMs: null,
  advance: null,
  minSample: null,
  onUndecided: null,
  onNoData: null,
  sticky: null,
  match: [],
};

/** What was asked for is part of what is deployed: places depend on it too. */
function withStrategy(
  service: ServiceDefinition,
  environment: EnvironmentDefinition,
  asked: DeployAsk['strategy'],
): ServiceDefinition {
  if (asked === null) return service;
  const configured = service.strategy ?? environment.strategy;
  const { place } = service;
  // What is asked for but not said leaves what is configured.
  const said = Object.fromEntries(
    Object.entries(asked).filter(
      ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
    ),
  );
  return { ...service, strategy: { ...NO_STRATEGY, type: 'rolling', place, ...configured, ...said } };
}

/** What the person's own environment says holds where nothing is configured. */
function withOtherwise(
  environment: EnvironmentDefinition,
  { strategy, rollback, automatic }: DeployAsk['otherwise'],
): EnvironmentDefinition {
  const { place } = environment;
  const noRollback = {
    strategy: null,
    automatic: null,
    only: [],
    timeoutMs: null,
    retries: null,
    onIrreversible: null,
    place,
  };
  const given = environment.rollback ?? noRollback;
  return {
    ...environment,
    strategy: environment.strategy ?? (strategy === null ? null : { ...NO_STRATEGY, type: strategy, place }),
    rollback:
      rollback === null && automatic === null
        ? environment.rollback
        : { ...given, strategy: given.strategy ?? rollback, automatic: given.automatic ?? automatic },
  };
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
