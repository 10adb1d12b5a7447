import { Command, CommanderError, Option } from 'commander';
import type { Client } from '../client/contract.ts';
import { type Context, EXIT, type Verb } from './context.ts';
import { type Look, lookOf } from './look.ts';
import type { CliPorts, Output, Sources } from './ports.ts';
import { explain, problemLines } from './problem.ts';
import { readSettings, type SettingFlags } from './settings.ts';
import { type OptionDefinition, VERBS, type VerbDefinition } from './verbs.ts';

/** Reads the command line and performs its verb. See `runCli`. */
export async function performCommand(argv: readonly string[], ports: CliPorts): Promise<number> {
  const session = new Session(ports);
  let code: number = EXIT.done;
  const program = makeProgram(argv, ports, async (definition, given, options) => {
    const context = session.context(options);
    const { perform } = await definition.load();
    code = await (perform as Verb<unknown>)(context, given, options);
  });
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    // commander has said what is wrong; asking for help is not wrong.
    if (error instanceof CommanderError) code = error.exitCode === 0 ? EXIT.done : EXIT.wrong;
    else code = await session.report(error);
  }
  try {
    await session.close();
  } catch (error) {
    code = Math.max(code, await session.report(error));
  }
  return code;
}

/** One command's context, and the client that it may open. */
class Session {
  readonly #ports: CliPorts;
  #json = false;
  #readerGone = false;
  #errLook: Look;
  #sources: Sources | null = null;
  #client: Promise<Client> | null = null;

  constructor(ports: CliPorts) {
    this.#ports = ports;
    // Without a listener the first write to a closed pipe would end the process, and a run with it.
    for (const output of [ports.out, ports.err]) output.on?.('error', () => this.#readerIsGone(output));
    this.#errLook = lookOf(ports.err, ports.environment, 'auto');
  }

  context(options: SettingFlags & { readonly json?: boolean }): Context {
    const ports = this.#ports;
    this.#json = options.json === true;
    const settings = readSettings(options, ports.environment, ports);
    this.#errLook = lookOf(ports.err, ports.environment, settings.colour);
    return {
      ports,
      settings,
      look: lookOf(ports.out, ports.environment, settings.colour),
      json: this.#json,
      print: (lines) => writeLines(ports.out, lines),
      isReaderGone: () => this.#readerGone,
      note: (lines) => writeLines(ports.err, lines),
      tell: async (diagnostics) =>
        writeLines(ports.err, await problemLines(diagnostics, this.#errLook, this.#sources)),
      remember: (sources) => {
        this.#sources = sources;
      },
      printJson: (value) => ports.out.write(`${JSON.stringify(value, null, 2)}\n`),
      client: (drives = false) => {
        this.#client ??= ports.openClient({ home: settings.home, workspace: settings.workspace }, drives);
        return this.#client;
      },
    };
  }

  #readerIsGone(output: Output): void {
    if (output === this.#ports.out) this.#readerGone = true;
  }

  /** Tells the user of an error, as JSON too when that was asked for. Returns the exit code. */
  async report(error: unknown): Promise<number> {
    const { diagnostics, code } = explain(error);
    const json = { error: diagnostics.map((diagnostic) => diagnostic.message).join('; '), diagnostics };
    if (this.#json) this.#ports.out.write(`${JSON.stringify(json, null, 2)}\n`);
    writeLines(this.#ports.err, await problemLines(diagnostics, this.#errLook, this.#sources));
    return code;
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => null);
    await client?.close();
  }
}

function writeLines(output: Output, lines: string | readonly string[]): void {
  const text = typeof lines === 'string' ? lines : lines.join('\n');
  if (typeof lines === 'string' || lines.length > 0) output.write(`${text}\n`);
}

type Perform = (definition: VerbDefinition, given: readonly string[], options: SettingFlags) => Promise<void>;

function makeProgram(argv: readonly string[], ports: CliPorts, perform: Perform): Command {
  const program = new Command('sluice')
    .description('Takes a change from commit to production and, when it harms, back again.')
    .usage('<command> [options]')
    .version(ports.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => ports.out.write(text),
      writeErr: (text) => ports.err.write(text),
      getOutHelpWidth: () => helpWidth(ports),
      getErrHelpWidth: () => helpWidth(ports),
      outputError: (text, write) => write(`${text}see: sluice --help\n`),
    });
  addSharedOptions(program, false);
  // Making all of them takes 10 ms; a line that begins with a verb needs no other.
  const asked = VERBS.filter((verb) => verb.name === argv[0]);
  for (const definition of asked.length > 0 ? asked : VERBS) {
    program.addCommand(makeVerb(program, definition, perform));
  }
  // Set after the commands have taken over the settings: they keep commander's own form.
  return program.configureHelp({ formatHelp: overview });
}

/** What `sluice` alone prints: short enough to be read. */
function overview(): string {
  const width = Math.max(...VERBS.map((verb) => verb.name.length)) + 3;
  const commands = VERBS.map((verb) => `  ${verb.name.padEnd(width)}${verb.summary}`);
  const lines = [
    'Usage: sluice <command> [options]',
    '',
    'Takes a change from commit to production and, when it harms, back again.',
    '',
    'Commands:',
    ...commands,
    '',
    'sluice <command> --help tells the options of a command, with examples.',
    'sluice --version prints the version.',
    '',
    'Begin with:',
    '  sluice run',
  ];
  return `${lines.join('\n')}\n`;
}

function helpWidth(ports: CliPorts): number {
  return Math.min(ports.out.columns || 80, 100);
}

function makeVerb(program: Command, definition: VerbDefinition, perform: Perform): Command {
  const command = new Command(definition.name)
    .copyInheritedSettings(program)
    .summary(definition.summary)
    .description(`${definition.summary[0]!.toUpperCase()}${definition.summary.slice(1)}.`)
    .helpOption('-h, --help', 'print this help')
    .configureOutput({
      outputError: (text, write) => write(`${text}see: sluice ${definition.name} --help\n`),
    });
  for (const [name, description] of definition.arguments) command.argument(name, description);
  for (const option of definition.options) command.addOption(makeOption(option));
  command.option('--json', 'the result as JSON');
  addSharedOptions(command, definition.follows === true);
  command.addHelpText('after', examplesText(definition));
  command.action(async (...all: unknown[]) => {
    const given = (all.slice(0, definition.arguments.length) as (string | string[] | undefined)[])
      .flat()
      .filter((argument) => argument !== undefined);
    await perform(definition, given, { ...program.opts(), ...command.opts() });
  });
  return command;
}

function makeOption(definition: OptionDefinition): Option {
  const option = new Option(definition.flags, definition.description);
  if (definition.many)
    option.argParser((value: string, before: readonly string[] = []) => [...before, value]);
  return option;
}

function addSharedOptions(command: Command, follows: boolean): void {
  const file = follows ? '--file <pipeline>' : '-f, --file <pipeline>';
  command
    .optionsGroup('Options of every command:')
    .option(file, 'pipeline file (PIPELINE_CONFIG_PATH)')
    .option('--home <folder>', 'where Sluice keeps its data (SLUICE_HOME)')
    .option('--workspace <folder>', 'where jobs work (PIPELINE_WORKSPACE)')
    .option('--workers <count>', 'jobs at the same time (PIPELINE_MAX_WORKERS)')
    .option('--color [when]', 'always, never or auto')
    .option('--no-color', 'the same as --color never');
}

function examplesText(definition: VerbDefinition): string {
  const lines = definition.examples.map(([command, meaning]) => `  ${command}\n      ${meaning}`);
  return `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${lines.join('\n')}`;
}
