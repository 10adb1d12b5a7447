import { digestOf } from '../../base/digest.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '../../base/json.ts';
import type { DeploymentDefinition } from '../../delivery/definition.ts';
import type { KnownDeployment } from './past.ts';

/** The digest by which a release is known in its environment. */
export interface NamedRelease {
  readonly digest: string;
  /** What is configured otherwise than when the content was brought there last, in words of the pipeline file. */
  readonly differs: readonly string[];
}

/**
 * What a release is: its content and how it is started. Content that runs in an environment for the first time has its own digest there;
 * with another configuration than before it is another release, with a digest over both, so that one can be told from the other, compared
 * with it and taken back to it. `again`: also what is the same is a release of its own.
 */
export function releaseDigest(
  definition: DeploymentDefinition,
  history: readonly KnownDeployment[],
  again: boolean,
): NamedRelease {
  const content = definition.release.digest;
  const own = partsOf(definition);
  const before = history.filter((known) => known.definition?.release.digest === content);
  const last = before.at(-1);
  if (!last) return { digest: content, differs: [] };
  // Of one digest the newest definition counts: that is how it would be started.
  const newest = new Map(before.map((known) => [known.past.candidate, known.definition!]));
  const same = [...newest].findLast(([, other]) => isSame(partsOf(other), own));
  if (same && !again) return { digest: same[0], differs: [] };
  const differs = same ? [] : differences(partsOf(last.definition!), own);
  const hash = digestOf(canonicalJson([content, own, again ? history.length : 0]));
  return { digest: content.startsWith('sha256:') ? `sha256:${hash}` : hash, differs };
}

/** All that decides how an instance starts, by the words of the pipeline file. */
function partsOf({ service, environment, variables, source, release }: DeploymentDefinition): JsonObject {
  const texts = { ...service.variables, ...environment.variables };
  // What templates see counts where one looks at it.
  const seen = [service.command ?? '', ...Object.values(texts)].join('\n');
  const sees = (name: string) => new RegExp(`\\$\\{\\{[^}]*\\b${name}\\b`).test(seen);
  return {
    command: service.command,
    directory: service.directory,
    port: service.port,
    variables: texts,
    secrets: [...new Set([...service.secrets, ...environment.secrets])].toSorted(),
    resources: Object.fromEntries(
      Object.entries(service.resources).map(([name, value]) => [
        name,
        value ?? environment.resources[name as keyof typeof environment.resources],
      ]),
    ),
    drain_timeout: service.drainTimeoutMs,
    'what templates see': {
      vars: sees('vars') ? variables : null,
      git: sees('git') ? [source.branch, source.commit] : null,
      version: sees('deploy') ? release.version : null,
    },
  };
}

function isSame(one: JsonValue, other: JsonValue): boolean {
  return canonicalJson(one) === canonicalJson(other);
}

function differences(one: JsonObject, other: JsonObject): string[] {
  return Object.keys(other).flatMap((name) => {
    if (isSame(one[name] ?? null, other[name]!)) return [];
    if (name !== 'variables') return [`\`${name}\``];
    const [before, now] = [one[name], other[name]] as JsonObject[];
    const names = [...new Set([...Object.keys(before!), ...Object.keys(now!)])];
    const changed = names.filter((key) => before![key] !== now![key]);
    return [`the variable${changed.length === 1 ? '' : 's'} ${changed.join(', ')}`];
  });
}
