import { UserError } from '../../base/diagnostic.ts';
import { formatBytes } from '../../base/size.ts';
import { counted, visible } from '../../base/text.ts';
import { usesOf } from '../../pipeline/github/build/uses.ts';
import { isWorkflowFile } from '../../pipeline/native/pipeline-file.ts';
import { type Context, EXIT } from '../context.ts';
import { type Expectation, expectationsOf } from '../expectation.ts';
import { listedFiles, loadAsked } from '../pipeline-source.ts';
import type { SandboxHealth, StorageHealth } from '../ports.ts';
import { hanging } from '../row.ts';

interface Examined extends Expectation {
  /** Where it is; null when it is missing. */
  readonly found: string | null;
  /** Why it counts as missing, and the way out. */
  readonly lack: string;
}

interface MachineState {
  readonly programs: readonly {
    readonly name: string;
    readonly version: string | null;
    readonly needed: boolean;
  }[];
  readonly isolation: string;
  readonly store: { readonly path: string; readonly damage: readonly string[] };
  readonly sandbox: SandboxHealth;
  readonly storage: StorageHealth;
}

/** `sluice doctor [name]`: what the pipeline expects and this machine lacks. Exit code 1 when something needed is missing. */
export async function perform(context: Context, [name]: readonly string[]): Promise<number> {
  const machine = await machineState(context);
  const pipelines = await examinePipelines(context, name, machine.sandbox);
  const missing = [
    ...machine.programs
      .filter((program) => program.needed && program.version === null)
      .map((program) => program.name),
    ...pipelines.flatMap(({ examined }) =>
      (examined ?? []).filter((one) => one.found === null).map((one) => one.name),
    ),
  ].filter((one, index, all) => all.indexOf(one) === index);
  const ok = missing.length === 0 && machine.store.damage.length === 0 && machine.storage.why === null;
  if (context.json) {
    const [pipeline, ...others] = pipelines.map(({ file, examined, why }) => ({
      file,
      expects: examined,
      why,
    }));
    context.printJson({ ok, missing, machine, pipeline, ...(others.length > 0 ? { others } : {}) });
  } else print(context, machine, pipelines, missing);
  return ok ? EXIT.done : EXIT.failed;
}

async function machineState(context: Context): Promise<MachineState> {
  const { machine } = context.ports;
  const { home, workspace } = context.settings;
  const version = (program: string): Promise<string | null> => machine.version(program);
  return {
    programs: [
      { name: 'node', version: await version('node'), needed: false },
      { name: 'git', version: await version('git'), needed: true },
      { name: 'perl', version: await version('perl'), needed: false },
    ],
    isolation: await machine.isolation(),
    store: await machine.store({ home, workspace }),
    sandbox: await machine.sandbox(),
    storage: await machine.storage({ home, workspace }),
  };
}

interface ExaminedPipeline {
  readonly file: string | null;
  readonly examined: readonly Examined[] | null;
  /** Why there is nothing to examine. */
  readonly why: string | null;
}

/** The pipeline that is meant; where that cannot be told because there are several workflows, all of them. */
async function examinePipelines(
  context: Context,
  name: string | undefined,
  sandbox: SandboxHealth,
): Promise<readonly ExaminedPipeline[]> {
  const one = await examinePipeline(context, name, sandbox);
  if (one.examined !== null || name !== undefined) return [one];
  const source = await context.ports.repository(null);
  const workflows = listedFiles(context.ports.readSources(source)).filter(isWorkflowFile);
  if (workflows.length < 2) return [one];
  const all: ExaminedPipeline[] = [];
  for (const file of workflows) all.push({ ...(await examineFile(context, file, sandbox)), file });
  return all;
}

async function examineFile(
  context: Context,
  file: string,
  sandbox: SandboxHealth,
): Promise<ExaminedPipeline> {
  try {
    const { path } = await context.ports.repository(null);
    return await examinePipeline(context, `${path}/${file}`, sandbox);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { file, examined: null, why: error.message };
  }
}

async function examinePipeline(
  context: Context,
  name: string | undefined,
  sandbox: SandboxHealth,
): Promise<ExaminedPipeline> {
  try {
    const plan = await loadAsked(context, await context.ports.repository(null), name);
    const examined: Examined[] = [];
    for (const expectation of expectationsOf(plan))
      examined.push({ ...expectation, ...(await examine(context, expectation, sandbox)) });
    return { file: plan.file, examined, why: null };
  } catch (error) {
    // A name that was typed must be right; without one, the machine alone is worth telling of.
    if (!(error instanceof UserError) || name !== undefined) throw error;
    return { file: null, examined: null, why: error.message };
  }
}

async function examine(
  context: Context,
  expectation: Expectation,
  sandbox: SandboxHealth,
): Promise<Pick<Examined, 'found' | 'lack'>> {
  const { kind, name } = expectation;
  if (kind === 'sandbox') {
    const holds = sandbox.why === null && sandbox.leaks.length === 0;
    return { found: holds ? 'it holds' : null, lack: sandbox.why ?? 'it does not hold on this machine' };
  }
  if (kind === 'engine') {
    const { engine, problem } = await context.ports.machine.containers();
    return { found: engine, lack: problem };
  }
  if (kind === 'action') return findAction(context, name);
  const lack = kind === 'program' ? 'not on PATH' : `a secret that is nowhere: sluice secret set ${name}`;
  return { found: await find(context, expectation), lack };
}

async function findAction(context: Context, name: string): Promise<Pick<Examined, 'found' | 'lack'>> {
  const source = await context.ports.repository(null);
  const uses = usesOf(name, {});
  if (uses?.kind === 'repository') {
    const actions = await context.ports.actions(context.settings);
    const found = await actions.whereIs(source.path, uses.repository, uses.ref);
    return { found, lack: 'in no mirror (SLUICE_ACTIONS), so its first run asks the server' };
  }
  const folder = name.replace(/^[.$]\/?/, '').replace(/\/$/, '');
  const names = context.ports.readSources(source).list(folder === '' ? '.' : folder);
  const file = names.find((one) => ['action.yml', 'action.yaml', 'Dockerfile'].includes(one));
  return { found: file ? 'in this repository' : null, lack: 'the repository has no such action' };
}

async function find(context: Context, expectation: Expectation): Promise<string | null> {
  const { name, kind } = expectation;
  if (kind === 'program') return context.ports.machine.which(name);
  if (context.ports.environment[name]) return 'in the environment';
  const { repository } = await context.ports.repository(null);
  const { files, store } = await context.ports.secrets(context.settings);
  const kept = [...(await files.list()), ...(await store.list())].find(
    (one) => one.name === name && (one.repository ?? repository) === repository,
  );
  return kept ? `kept ${kept.from === 'store' ? 'in the store' : 'in .sluice/secrets'}` : null;
}

function print(
  context: Context,
  machine: MachineState,
  pipelines: readonly ExaminedPipeline[],
  missing: readonly string[],
): void {
  const { look } = context;
  const good = look.paint('green', look.glyphs.succeeded);
  const bad = look.paint('red', look.glyphs.failed);
  const open = look.paint('dim', look.glyphs.waiting);
  const line = (glyph: string, name: string, text: string): string[] =>
    name.length > NAME_WIDTH
      ? [
          ...hanging(`  ${glyph} `, name, look.width),
          ...hanging(' '.repeat(NAME_WIDTH + 5), text, look.width),
        ]
      : hanging(`  ${glyph} ${name.padEnd(NAME_WIDTH)} `, text, look.width);
  context.print(look.paint('bold', 'this machine'));
  for (const { name, version, needed } of machine.programs) {
    const glyph = version !== null ? good : needed ? bad : open;
    context.print(line(glyph, name, visible(version ?? 'not on PATH')));
  }
  context.print(line(good, 'isolation', visible(machine.isolation)));
  const { path, damage } = machine.store;
  context.print(
    line(
      damage.length === 0 ? good : bad,
      'store',
      `${visible(path)}${damage.length === 0 ? ', sound' : ''}`,
    ),
  );
  for (const sentence of damage) context.print(hanging('                 ', visible(sentence), look.width));
  printKeeping(context, machine, line);
  for (const { examined, file, why } of pipelines) {
    context.print('');
    if (examined) printExpected(context, file ?? '', examined, line);
    else if (pipelines.length > 1)
      context.print(hanging('', `${visible(file ?? '')}: ${visible(why ?? '')}`, look.width));
    else context.print(hanging('', `no pipeline was looked at: ${visible(why ?? '')}`, look.width));
  }
  context.print('');
  if (missing.length > 0) {
    const text = `${counted(missing.length, 'thing')} missing: ${missing.map(visible).join(', ')}`;
    context.print(hanging(`${bad} `, text, look.width));
  } else if (damage.length > 0) context.print(`${bad} the store is damaged`);
  else if (machine.storage.why !== null) context.print(`${bad} the storage cannot be used`);
  else context.print(`${good} nothing is missing`);
}

/** The sandbox, and where caches and artifacts lie. */
function printKeeping(
  context: Context,
  { sandbox, storage }: MachineState,
  line: (glyph: string, name: string, text: string) => string[],
): void {
  const { look } = context;
  const glyph = (isGood: boolean) =>
    isGood ? look.paint('green', look.glyphs.succeeded) : look.paint('red', look.glyphs.failed);
  const { probes, leaks, why } = sandbox;
  if (why !== null) context.print(line(look.paint('dim', look.glyphs.waiting), 'sandbox', visible(why)));
  else {
    const verdict =
      leaks.length === 0
        ? `holds: all ${probes} ways out are closed`
        : `does not hold, so nothing untrusted is run: ${leaks.map(visible).join('; ')}`;
    context.print(line(glyph(leaks.length === 0), 'sandbox', verdict));
  }
  const room = `${formatBytes(storage.bytes)} kept, ${formatBytes(storage.freeBytes)} free`;
  const state = storage.why === null ? `${visible(storage.path)}, ${room}` : visible(storage.why);
  context.print(line(glyph(storage.why === null), 'storage', state));
}

function printExpected(
  context: Context,
  file: string,
  examined: readonly Examined[],
  line: (glyph: string, name: string, text: string) => string[],
): void {
  const { look } = context;
  context.print(look.paint('bold', `${visible(file)} expects`));
  if (examined.length === 0) context.print('  nothing that the shell does not have itself');
  for (const { name, found, lack, needs } of examined) {
    const glyph =
      found === null ? look.paint('red', look.glyphs.failed) : look.paint('green', look.glyphs.succeeded);
    const who = fewOf(needs.map(({ job, steps }) => (steps.length === 0 ? job : `${job} (${fewOf(steps)})`)));
    context.print(line(glyph, visible(name), `${visible(found ?? lack)}, for ${visible(who)}`));
  }
}

/** Room for most programs; longer names have a line of their own. */
const NAME_WIDTH = 12;
const SHOWN_MAX = 4;

function fewOf(names: readonly string[]): string {
  const rest = names.length - SHOWN_MAX;
  return rest > 0 ? `${names.slice(0, SHOWN_MAX).join(', ')} and ${rest} more` : names.join(', ');
}
