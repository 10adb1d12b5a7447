import { KeepProblem } from '../../problem.ts';
import { askedVersions, type VersionPlaces } from './asked-version.ts';
import { declared, type NativePart, warn } from './native-part.ts';
import { type FoundTool, findTool } from './tool.ts';
import { isWanted } from './version.ts';

/* Setting up a language is using what this machine has, and saying so when it is not what was asked for. */

/** A language as its action sets it up. */
export interface Language extends VersionPlaces {
  /** As people know it. */
  readonly name: string;
  /** Where one comes from when the machine has none. */
  readonly install: string;
  /** Programs to ask, the best one first. */
  programs(asked: string | null): readonly string[];
  readonly versionArguments: readonly string[];
  /** A version as people ask for it, where the program says it in another way. */
  readonly plain?: (version: string) => string;
  /** Makes the last of the tools the one that programs find. Returns the outputs. */
  use(
    part: NativePart,
    tools: readonly FoundTool[],
  ): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
}

const COMMON = {
  cache: '',
  'cache-dependency-path': '',
  token: '',
  architecture: '',
  'check-latest': 'false',
};

/** The action that sets up a language. `inputs`: its own, with their defaults. */
export function adapterOf(language: Language, inputs: Readonly<Record<string, string>>) {
  return {
    inputs: declared({ ...COMMON, [language.versionInput]: '', [language.fileInput]: '', ...inputs }),
    perform: (part: NativePart) => setUp(part, language),
  };
}

async function setUp(part: NativePart, language: Language): Promise<Record<string, string>> {
  const asked = askedVersions(part, language);
  const tools: FoundTool[] = [];
  for (const version of asked.length > 0 ? asked : [null]) tools.push(await toolFor(part, language, version));
  const { cache } = part.inputs;
  if (cache && cache !== 'false')
    part.run.say(
      `cache: ${cache === 'true' ? language.name : cache} keeps its own on this machine, so there is nothing to restore or save`,
    );
  return { ...(await language.use(part, tools)), 'cache-hit': 'false' };
}

async function toolFor(part: NativePart, language: Language, asked: string | null): Promise<FoundTool> {
  const tool = await findTool(part, language.programs(asked), language.versionArguments);
  if (!tool) throw new KeepProblem(`there is no ${language.name} on this machine; ${language.install}`);
  part.run.say(`${language.name} ${tool.version} at ${tool.path}`);
  const version = language.plain?.(tool.version) ?? tool.version;
  if (asked !== null && isWanted(version, asked) === false)
    warn(part, `${language.name} ${asked} was asked for; this machine has ${tool.version}, which is used`);
  return tool;
}
