import { userError } from '../../base/diagnostic.ts';
import { counted, visible } from '../../base/text.ts';
import type { KeptSecret, SecretScope } from '../../secret/contract.ts';
import { type Context, EXIT } from '../context.ts';
import type { SecretPlaces } from '../ports.ts';
import { textWidth } from '../row.ts';
import { ago } from '../time-text.ts';

interface SecretOptions {
  readonly environment?: string;
  readonly shared?: true;
  readonly age?: true;
  readonly key?: true;
  readonly all?: true;
}

const ACTIONS = ['set', 'rotate', 'remove', 'list'];

/** `sluice secret set|rotate|remove|list`: secrets of this user and repository. Never prints a value. */
export async function perform(
  context: Context,
  given: readonly string[],
  options: SecretOptions,
): Promise<number> {
  const [action, name, ...more] = given;
  if (!ACTIONS.includes(action!))
    throw userError(
      'bad-argument',
      `sluice secret cannot ${visible(action!)}`,
      `it can ${ACTIONS.join(', ')}`,
    );
  if (more.length > 0)
    throw userError(
      'secret-in-arguments',
      'a value is never an argument: every user of the machine can read it, and the shell keeps it in its history',
      `choose another value, as this one was seen, and give it when asked, or by a pipe: sluice secret ${action} NAME < FILE`,
    );
  const { repository } = await context.ports.repository(null);
  const place: Place = {
    places: await context.ports.secrets(context.settings),
    repository,
    scope: { repository: options.shared ? null : repository, environment: options.environment ?? null },
    inFile: options.age === true,
  };
  if (place.inFile && options.shared)
    throw userError(
      'bad-option',
      '--age and --shared exclude each other: an age file belongs to its repository',
    );
  if (action === 'list') return list(context, place, options.all === true);
  if (options.key) return rotateKey(context, place, action!, name);
  if (name === undefined)
    throw userError(
      'bad-argument',
      `sluice secret ${action} needs a name`,
      `sluice secret ${action} NPM_TOKEN`,
    );
  return action === 'remove' ? remove(context, place, name) : write(context, place, name, action as 'set');
}

interface Place {
  readonly places: SecretPlaces;
  /** The one that the command was typed in. */
  readonly repository: string;
  readonly scope: SecretScope;
  /** Meant is the age file, not the store. */
  readonly inFile: boolean;
}

async function write(context: Context, place: Place, name: string, mode: 'set' | 'rotate'): Promise<number> {
  const { places, scope, inFile } = place;
  places.check(name, scope.environment);
  const value = await context.ports.readSecret(`value of ${name} (it is not shown): `);
  let told: { readonly version?: number; readonly file?: string };
  if (inFile) told = { file: await places.files.write(name, scope.environment, value, mode) };
  else told = { version: await places.store.write(name, scope, value, mode) };
  if (context.json) context.printJson({ name, ...scope, ...told });
  else {
    const where = told.file === undefined ? `version ${told.version}` : `${visible(told.file)}; commit it`;
    context.print(
      `secret ${name} is ${mode === 'set' ? 'set' : 'rotated'} for ${scopeText(scope, place)} (${where})`,
    );
  }
  if (context.ports.environment[name])
    context.note(`the environment variable ${name} is set here and goes before it in runs from this shell`);
  return EXIT.done;
}

async function remove(context: Context, place: Place, name: string): Promise<number> {
  const { places, scope, inFile } = place;
  places.check(name, scope.environment);
  const removed = inFile
    ? (await places.files.remove(name, scope.environment)) !== null
    : await places.store.remove(name, scope);
  if (!removed) {
    const others = (await kept(places)).filter((one) => one.name === name);
    const other = others.find((one) => one.repository === place.repository || one.repository === null);
    throw userError(
      'secret-unknown',
      `there is no secret ${name} for ${scopeText(scope, place)}${inFile ? ' in an age file' : ''}`,
      other ? `sluice secret remove ${name}${flagsOf(other)}` : 'sluice secret list --all',
    );
  }
  if (context.json) context.printJson({ name, ...scope, removed });
  else
    context.print([
      `secret ${name} is removed for ${scopeText(scope, place)}`,
      ...(inFile
        ? ['its earlier versions stay in the history of git; make the value invalid where it is used']
        : []),
    ]);
  return EXIT.done;
}

async function rotateKey(
  context: Context,
  { places, inFile }: Place,
  action: string,
  name: string | undefined,
): Promise<number> {
  if (action !== 'rotate' || name !== undefined || inFile)
    throw userError('bad-option', '--key goes with `rotate` alone', 'sluice secret rotate --key');
  const secrets = await places.store.rotateKey();
  if (context.json) context.printJson({ secrets });
  else context.print(`${counted(secrets, 'secret')} encrypted with a new key`);
  return EXIT.done;
}

async function list(context: Context, place: Place, all: boolean): Promise<number> {
  const { repository, places } = place;
  const secrets = (await kept(places)).filter(
    (one) => all || one.repository === null || one.repository === repository,
  );
  if (context.json) context.printJson(secrets);
  else if (secrets.length === 0) context.print('no secrets; set one: sluice secret set NAME');
  else context.print(table(secrets, place, context));
  return EXIT.done;
}

async function kept({ files, store }: SecretPlaces): Promise<readonly KeptSecret[]> {
  return [...(await files.list()), ...(await store.list())];
}

function table(secrets: readonly KeptSecret[], place: Place, { look, ports }: Context): string[] {
  const rows = [
    ['name', 'for', 'version', 'changed', 'kept in'],
    ...secrets.map((one) => [
      one.name,
      scopeText(one, place),
      one.version === null ? '-' : String(one.version),
      one.changedAtMs === null ? '-' : ago(one.changedAtMs, ports.clock.now()),
      one.from === 'store' ? 'store' : '.sluice/secrets',
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => textWidth(row[column]!))));
  return rows.map((row, index) => {
    const words = row.map((word, column) => word + ' '.repeat(widths[column]! - textWidth(word)));
    const line = words.join('  ').trimEnd();
    return index === 0 ? look.paint('dim', line) : line;
  });
}

function scopeText({ repository, environment }: SecretScope, place: Place): string {
  const who =
    repository === null
      ? 'every repository'
      : repository === place.repository
        ? 'this repository'
        : visible(repository);
  return environment === null ? who : `${visible(environment)} of ${who}`;
}

function flagsOf({ from, repository, environment }: KeptSecret): string {
  return [
    environment === null ? '' : ` --environment ${environment}`,
    repository === null ? ' --shared' : '',
    from === 'repository' ? ' --age' : '',
  ].join('');
}
