import { type Diagnostic, UserError } from '../../base/diagnostic.ts';
import { nearestName } from '../../base/near.ts';
import type { DeployAsk, Deployments, RollbackAsk } from '../../client/deployment/contract.ts';
import type { Context } from '../context.ts';
import { loadAsked } from '../pipeline-source.ts';
import { commandWord } from '../shown.ts';

export interface DeployOptions {
  readonly service?: string;
  readonly artifact?: string;
  readonly version?: string;
  readonly run?: string;
  readonly strategy?: string;
  readonly reason?: string;
  readonly supersede?: boolean;
  readonly again?: boolean;
}

const STRATEGIES = ['rolling', 'blue_green', 'canary', 'recreate'] as const;
const ROLLBACKS = ['immediate', 'rolling', 'blue_green', 'canary', 'manual', 'partial'] as const;

/**
 * What `deploy` is asked for: flags, then what the pipeline configures, then DEPLOY_TARGET, DEPLOY_STRATEGY, ROLLBACK_AUTO_TRIGGER and
 * ROLLBACK_DEFAULT_STRATEGY. Throws a `UserError` with every bad value and where it came from.
 */
export async function deployAsk(
  context: Context,
  environment: string | undefined,
  options: DeployOptions,
): Promise<DeployAsk> {
  const problems: Diagnostic[] = [];
  const { DEPLOY_TARGET, DEPLOY_STRATEGY, ROLLBACK_AUTO_TRIGGER, ROLLBACK_DEFAULT_STRATEGY } =
    context.ports.environment;
  const strategy = oneOf('--strategy', options.strategy, STRATEGIES, problems);
  const otherwise = {
    strategy: oneOf('DEPLOY_STRATEGY', DEPLOY_STRATEGY || undefined, STRATEGIES, problems),
    rollback: oneOf('ROLLBACK_DEFAULT_STRATEGY', ROLLBACK_DEFAULT_STRATEGY || undefined, ROLLBACKS, problems),
    automatic: flagOf('ROLLBACK_AUTO_TRIGGER', ROLLBACK_AUTO_TRIGGER || undefined, problems),
  };
  if (problems.length > 0) throw new UserError(problems);
  const source = await context.ports.repository(null);
  const plan = await loadAsked(context, source, undefined);
  const client = await context.client();
  return {
    plan,
    source,
    environment: environment ?? (DEPLOY_TARGET || null),
    service: options.service ?? null,
    release: {
      artifact: options.artifact ?? null,
      version: options.version ?? null,
      runId: options.run === undefined ? null : await client.resolve(options.run, source.repository),
    },
    strategy: strategy === null ? null : { type: strategy },
    rollback: null,
    otherwise,
    reason: options.reason ?? null,
    supersede: options.supersede ?? false,
    again: options.again ?? false,
  };
}

export interface RollbackOptions {
  readonly service?: string;
  readonly to?: string;
  readonly strategy?: string;
  readonly reason?: string;
}

/** What `rollback` is asked for. Throws likewise. */
export async function rollbackAsk(
  context: Context,
  environment: string | undefined,
  options: RollbackOptions,
): Promise<RollbackAsk> {
  const { DEPLOY_TARGET, ROLLBACK_DEFAULT_STRATEGY } = context.ports.environment;
  const problems: Diagnostic[] = [];
  const known = ROLLBACKS.filter((one) => one !== 'partial');
  const strategy =
    oneOf('--strategy', options.strategy, known, problems) ??
    oneOf('ROLLBACK_DEFAULT_STRATEGY', ROLLBACK_DEFAULT_STRATEGY || undefined, ROLLBACKS, problems);
  if (problems.length > 0) throw new UserError(problems);
  const source = await context.ports.repository(null);
  return {
    plan: await loadAsked(context, source, undefined),
    source,
    environment: environment ?? (DEPLOY_TARGET || null),
    service: options.service ?? null,
    to: options.to ?? null,
    strategy,
    reason: options.reason ?? null,
    isRehearsal: false,
  };
}

/** Deployments that nobody drives any more get a supervisor again, and the user is told. */
export async function takeOverOrphans(context: Context, deployments: Deployments): Promise<void> {
  for (const deploymentId of await deployments.takeOver())
    context.note(
      `nobody drove deployment ${commandWord(deploymentId)} any more; a new supervisor goes on with it`,
    );
}

/** Words may be written with `-` or `_`. */
function oneOf<T extends string>(
  from: string,
  text: string | undefined,
  known: readonly T[],
  problems: Diagnostic[],
): T | null {
  if (text === undefined) return null;
  const word = text.toLowerCase().replaceAll('-', '_');
  const found = known.find((one) => one === word);
  if (found) return found;
  const near = nearestName(word, known);
  problems.push({
    severity: 'error',
    code: 'bad-setting',
    message: `${from} is ${JSON.stringify(text)}, which is no strategy`,
    suggestion: near ? `did you mean ${near}?` : `it is one of ${known.join(', ')}`,
  });
  return null;
}

function flagOf(from: string, text: string | undefined, problems: Diagnostic[]): boolean | null {
  if (text === undefined) return null;
  if (/^(true|1|yes|on)$/i.test(text)) return true;
  if (/^(false|0|no|off)$/i.test(text)) return false;
  problems.push({
    severity: 'error',
    code: 'bad-setting',
    message: `${from} is ${JSON.stringify(text)}, which is neither true nor false`,
    suggestion: 'use true or false',
  });
  return null;
}
