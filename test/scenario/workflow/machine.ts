import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../../../src/base/diagnostic.ts';
import { readGiven } from '../../../src/cli/given.ts';
import type { Client } from '../../../src/client/contract.ts';
import { createInProcessClient } from '../../../src/client/in-process.ts';
import type { RunView } from '../../../src/client/run-view.ts';
import type { Executor } from '../../../src/executor/contract.ts';
import type { RunSource } from '../../../src/journal/run-event.ts';
import { machineClock } from '../../../src/machine/clock.ts';
import { machineRandom } from '../../../src/machine/random.ts';
import { openWorkflowReader } from '../../../src/main/workflow-reader.ts';
import type { Plan } from '../../../src/pipeline/plan.ts';
import { pullRequestOf } from '../../../src/pipeline/pull-request.ts';
import { matchTriggers } from '../../../src/pipeline/trigger.ts';
import { createRunner } from '../../../src/runner/runner.ts';
import { openMemoryStore } from '../../../src/store/memory.ts';
import { noRooms } from '../../support/rooms.ts';
import type { WorkflowCase } from './case.ts';

export const WORKFLOW = '.github/workflows/ci.yml';
const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** What became of a case. */
export type Played =
  | { readonly kind: 'problems'; readonly said: readonly string[] }
  | { readonly kind: 'not-needed'; readonly sentence: string }
  | {
      readonly kind: 'run';
      readonly client: Client;
      readonly view: RunView;
      readonly said: readonly string[];
    };

const { loadWorkflow } = await openWorkflowReader();

/** Plays a case in a folder of its own, in this process: only its steps are others. */
export async function playCase(one: WorkflowCase, folder: string, executor: Executor): Promise<Played> {
  const repository = join(folder, 'repository');
  const files = { ...one.files, [WORKFLOW]: one.workflow };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(repository, path)), { recursive: true });
    writeFileSync(join(repository, path), text);
  }
  const read = (path: string) =>
    Object.hasOwn(files, path) ? new TextEncoder().encode((files as Record<string, string>)[path]) : null;
  const loaded = loadWorkflow(WORKFLOW, { read });
  const said = loaded.diagnostics.map(
    ({ place, message, suggestion }) =>
      `${place ? `${place.file === WORKFLOW ? '' : `${place.file}:`}${place.start.line}:${place.start.column} ` : ''}${message}${suggestion ? `; ${suggestion}` : ''}`,
  );
  if (!loaded.ok) return { kind: 'problems', said };
  return start(one, loaded.value, folder, executor, said);
}

async function start(
  one: WorkflowCase,
  plan: Plan,
  folder: string,
  executor: Executor,
  said: readonly string[],
): Promise<Played> {
  const source: RunSource = {
    path: join(folder, 'repository'),
    repository: 'ada/shop',
    branch: one.tag === undefined ? (one.branch ?? 'main') : null,
    tag: one.tag ?? null,
    commit: COMMIT,
    commitTimeMs: 0,
    mode: 'tree',
    dirty: false,
  };
  const { event: asked = 'push', payload = {}, inputs = {}, variables = {} } = one;
  const event = { name: asked === 'workflow_dispatch' ? 'manual' : asked, payload };
  const pairs = (values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([name, value]) => `${name}=${value}`);
  let given: ReturnType<typeof readGiven>;
  try {
    given = readGiven(plan, { input: pairs(inputs), variable: pairs(variables) }, event);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {
      kind: 'problems',
      said: error.diagnostics.map(({ message, suggestion }) => `${message}; ${suggestion}`),
    };
  }
  const trigger = matchTriggers(
    plan.triggers,
    {
      name: event.name,
      branch: pullRequestOf(payload)?.baseRef ?? source.branch,
      tag: source.tag,
      action: typeof payload.action === 'string' ? payload.action : null,
      changedPaths: one.changed ?? null,
    },
    plan.dialect,
  );
  if (!trigger.run) return { kind: 'not-needed', sentence: trigger.sentence };
  const client = clientOf(one, folder, executor);
  const started = await client.start({
    plan,
    source,
    ...given,
    workersMax: one.workers ?? 4,
    secretFiles: [],
    keepWorkspaces: false,
  });
  await started.finished;
  return { kind: 'run', client, view: await client.show(started.runId), said };
}

function clientOf(one: WorkflowCase, folder: string, executor: Executor): Client {
  const directory = join(folder, 'home');
  return createInProcessClient({
    store: openMemoryStore(machineClock),
    clock: machineClock,
    random: machineRandom,
    owners: { self: 'test', alive: () => true, isSameBoot: () => true, describe: (owner) => owner },
    actor: { kind: 'person', id: 'ada (uid 1000)' },
    directory,
    openRunner: async () =>
      createRunner({
        executor,
        rooms: noRooms,
        secrets: {
          read: async (name, { environment }) =>
            one.secrets?.[`${name}@${environment}`] ?? one.secrets?.[name] ?? null,
        },
        clock: machineClock,
        random: machineRandom,
        directory,
        workspaceRoot: join(folder, 'workspaces'),
        hostEnvironment: { PATH: process.env.PATH, HOME: folder },
        keepWorkspaces: 'never',
      }),
    openKept: () => Promise.reject(new Error('nothing is kept in this case')),
    openDeployments: () => Promise.reject(new Error('nothing is deployed in this case')),
    requireSpace: async () => {},
    openSnapshots: () => Promise.reject(new Error('no workspace is kept in this case')),
    shutdown: async () => {},
  });
}
