import { userError } from '../../base/diagnostic.ts';
import type { Deployments, ToldDeployment } from '../../client/deployment/contract.ts';
import { repositoryName } from '../chosen-run.ts';
import { type Context, EXIT } from '../context.ts';
import { takeOverOrphans } from '../deployment/asked.ts';
import { type FollowOptions, followToEnd } from '../deployment/follow.ts';
import { listLines, quarantineLines } from '../deployment/list-text.ts';
import { askedLines } from '../deployment/live-text.ts';
import { plainDeployment } from '../deployment/plain-display.ts';
import { showLines } from '../deployment/show-text.ts';
import { unknownAction } from './artifact.ts';
import { countOption } from './list.ts';

interface Options extends FollowOptions {
  readonly environment?: string;
  readonly service?: string;
  readonly limit?: string;
  readonly all?: boolean;
  readonly reason?: string;
  readonly follow?: boolean;
}

interface Call {
  readonly context: Context;
  readonly deployments: Deployments;
  readonly words: readonly string[];
  readonly options: Options;
}

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 10_000;

const ACTIONS: Readonly<Record<string, (call: Call) => Promise<number>>> = {
  list,
  show,
  logs,
  approve: (call) => tell(call, { kind: 'approve', reason: call.options.reason ?? null }),
  reject: (call) => tell(call, { kind: 'reject', reason: reasonOf(call) }),
  override: (call) => tell(call, { kind: 'override', reason: requireReason(call, 'override') }),
  proceed: (call) => tell(call, { kind: 'proceed', reason: reasonOf(call) }),
  cancel: (call) => tell(call, { kind: 'cancel', reason: reasonOf(call) }),
  quarantine,
  lift,
};

/** `sluice deployment ACTION ...`: see deployments and answer what they ask. */
export async function perform(
  context: Context,
  [name, ...words]: readonly string[],
  options: Options,
): Promise<number> {
  const action = ACTIONS[name!];
  if (!action) throw unknownAction('deployment', name!, Object.keys(ACTIONS));
  const deployments = await (await context.client()).deployments();
  await takeOverOrphans(context, deployments);
  return action({ context, deployments, words, options });
}

async function list({ context, deployments, options }: Call): Promise<number> {
  const limit = countOption('--limit', options.limit, LIMIT_DEFAULT, LIMIT_MAX);
  const repository = options.all ? undefined : await repositoryName(context);
  const { environment, service } = options;
  const found = await deployments.list({
    limit,
    ...(repository === undefined ? {} : { repository }),
    ...(environment === undefined ? {} : { environment }),
    ...(service === undefined ? {} : { service }),
  });
  if (context.json) context.printJson(found);
  else if (found.length === 0) context.print('nothing was deployed yet; begin with: sluice deploy');
  else context.print(listLines(found, context.look, context.ports.clock.now()));
  return EXIT.done;
}

async function show(call: Call): Promise<number> {
  const { context, deployments } = call;
  const view = await deployments.show(await chosen(call));
  if (context.json) context.printJson(view);
  else {
    context.print(showLines(view, context.look, context.ports.clock.now()));
    context.print(askedLines(view, context.look));
  }
  return EXIT.done;
}

/** As JSON one event a line, as the journal has it. */
async function logs(call: Call): Promise<number> {
  const { context, deployments, options } = call;
  const deploymentId = await chosen(call);
  const follow = options.follow ?? false;
  if (context.json) {
    for await (const event of deployments.events(deploymentId, { follow })) {
      if (context.isReaderGone()) break;
      context.print(JSON.stringify(event));
    }
    return EXIT.done;
  }
  if (follow) return followToEnd(context, deployments, deploymentId, options);
  plainDeployment(context).view(await deployments.show(deploymentId));
  return EXIT.done;
}

async function tell(call: Call, told: ToldDeployment): Promise<number> {
  const { context, deployments } = call;
  const deploymentId = await chosen(call);
  const taken = await deployments.tell(deploymentId, told);
  if (context.json) context.printJson({ deploymentId, decision: told.kind, ...taken });
  else
    context.print([
      `deployment ${deploymentId}: ${taken.sentence}`,
      `see how it goes on: sluice deployment logs -f ${deploymentId}`,
    ]);
  return EXIT.done;
}

async function quarantine({ context, deployments }: Call): Promise<number> {
  const found = await deployments.quarantined(await repositoryName(context));
  if (context.json) context.printJson(found);
  else if (found.length === 0) context.print('nothing is in quarantine');
  else {
    context.print(quarantineLines(found, context.look, context.ports.clock.now()));
    context.note('take one out by your own responsibility: sluice deployment lift DIGEST --reason TEXT');
  }
  return EXIT.done;
}

async function lift(call: Call): Promise<number> {
  const { context, deployments, words } = call;
  const [word] = words;
  if (word === undefined)
    throw userError('missing-argument', 'say which digest', 'see them: sluice deployment quarantine');
  const reason = requireReason(call, 'lift');
  const digest = await deployments.liftQuarantine(word, reason);
  if (context.json) context.printJson({ digest, reason });
  else context.print(`${digest.replace(/^sha256:/, '').slice(0, 12)} is not in quarantine any more`);
  return EXIT.done;
}

async function chosen({ context, deployments, words: [word] }: Call): Promise<string> {
  return deployments.resolve(word ?? 'latest', await repositoryName(context));
}

function reasonOf({ options }: Call): string {
  return options.reason ?? 'asked for on the command line';
}

/** Whoever sets a rule aside says why. */
function requireReason({ options }: Call, action: string): string {
  if (options.reason) return options.reason;
  throw userError(
    'missing-argument',
    `sluice deployment ${action} needs a reason: it is kept in the journal`,
    `--reason "why this is right"`,
  );
}
