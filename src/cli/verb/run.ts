import { userError } from '../../base/diagnostic.ts';
import { counted, visible } from '../../base/text.ts';
import type { Client, StartRequest } from '../../client/contract.ts';
import { eventWord } from '../../pipeline/event-name.ts';
import type { Plan } from '../../pipeline/plan.ts';
import { matchTriggers } from '../../pipeline/trigger.ts';
import { type Context, EXIT } from '../context.ts';
import { type DriveOptions, driveRun } from '../drive.ts';
import { openFailedPlace } from '../failed-place.ts';
import { type GivenOptions, givenEvent, givenSource, readGiven, requireFiles } from '../given.ts';
import { startOf, triggerEvent } from '../start.ts';
import { underTargetPolicy } from '../target-policy.ts';
import { ago } from '../time-text.ts';

interface RunOptions extends GivenOptions, DriveOptions {
  readonly secrets?: readonly string[];
  readonly dryRun?: boolean;
  readonly watch?: boolean;
  readonly shellOnFailure?: boolean;
  readonly anew?: boolean;
  readonly checkInputs?: boolean;
  readonly snapshots?: boolean;
}

/** Orphaned runs named one by one at the start of a run. */
const ORPHANS_MAX = 3;

/** `sluice run [name]`: from the pipeline's file to a finished run. */
export async function perform(
  context: Context,
  given: readonly string[],
  options: RunOptions,
): Promise<number> {
  if (options.dryRun) {
    const plan = await import('./plan.ts');
    return plan.perform(context, given, options);
  }
  if (options.watch && options.commit !== undefined) {
    throw userError(
      'bad-option',
      '--watch and --commit exclude each other',
      'a commit does not change; leave one of them out',
    );
  }
  if (options.watch) {
    const { runAtEachChange } = await import('../watch.ts');
    return runAtEachChange(context, () => runOnce(context, given, options));
  }
  return runOnce(context, given, options);
}

async function runOnce(context: Context, [name]: readonly string[], options: RunOptions): Promise<number> {
  const secretFiles = await requireFiles(context, '--secrets', options.secrets);
  // git and the client's helpers work while the modules are loaded; a client that cannot open is told of below.
  const opening = context.client(true);
  opening.catch(() => {});
  const asked = await givenEvent(context, options);
  const [checkedOut, { loadAsked }] = await Promise.all([
    givenSource(context, options, asked),
    import('../pipeline-source.ts'),
  ]);
  const loaded = await loadAsked(context, checkedOut, name);
  const start = startOf(loaded, options, asked, checkedOut);
  const { event, source, sentence } = start;
  const plan = await underTargetPolicy(context, loaded, source, event, options.base ?? null);
  const given = readGiven(plan, options, event);
  // Who asked for no event asked for a run, whatever has changed.
  const arePathsAsked = sentence === null && asksForPaths(plan.triggers);
  const changedPaths = arePathsAsked ? await context.ports.changedPaths(source) : null;
  const trigger = matchTriggers(plan.triggers, triggerEvent(start, changedPaths), plan.dialect);
  if (!trigger.run) return notNeeded(context, eventWord(event.name, plan.dialect), trigger.sentence);
  if (sentence !== null) context.note(sentence);
  const client = await opening;
  await tellOrphans(context, client, source.repository);
  const request: StartRequest = {
    plan: options.snapshots ? withSnapshots(plan) : plan,
    source,
    ...given,
    workersMax: context.settings.workersMax,
    secretFiles,
    keepWorkspaces: options.shellOnFailure === true,
    ...(options.checkInputs ? { work: 'check' as const } : options.anew ? { work: 'anew' as const } : {}),
  };
  const started = await client.start(request);
  const driven = await driveRun(context, client, started, options);
  if (options.shellOnFailure) await openFailedPlace(context, driven, started);
  return driven.code;
}

function withSnapshots(plan: Plan): Plan {
  return { ...plan, jobs: plan.jobs.map((job) => ({ ...job, snapshots: true })) };
}

function asksForPaths(triggers: Plan['triggers']): boolean {
  return triggers.some(({ paths, pathsIgnore }) => paths.length > 0 || pathsIgnore.length > 0);
}

/** A pipeline that an event does not concern is not a failure, and says why. */
function notNeeded(context: Context, event: string, sentence: string): number {
  if (context.json) context.printJson({ runId: null, outcome: null, exitCode: EXIT.done, sentence });
  else context.print(`not needed: the event ${event} does not start this pipeline: ${sentence}`);
  return EXIT.done;
}

/** Runs that were left behind are never silently forgotten. */
async function tellOrphans(context: Context, client: Client, repository: string): Promise<void> {
  const orphans = await client.orphans(repository);
  for (const orphan of orphans.slice(0, ORPHANS_MAX)) {
    const when = ago(orphan.startedAtMs, context.ports.clock.now());
    const { runId, approvals } = orphan;
    const way =
      approvals.length > 0
        ? `waits for approval: sluice approve ${runId}`
        : `was left behind; go on with it: sluice resume ${runId}`;
    context.note(`run ${runId} (${visible(orphan.pipeline)}, ${when}) ${way}`);
  }
  if (orphans.length > ORPHANS_MAX)
    context.note(`and ${counted(orphans.length - ORPHANS_MAX, 'more run')}: sluice list`);
}
