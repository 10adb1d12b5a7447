import type { Docker } from './docker.ts';

/** What is to be known of an engine before it is used. */
export interface Engine {
  /** `Docker 28.2.2`. */
  readonly name: string;
  /** The engine runs as an ordinary user: root in a container is that user outside. */
  readonly isRootless: boolean;
}

/** Asks the engine what it is. Returns the sentence of what is wrong when it does not answer. */
export async function askEngine(docker: Docker): Promise<Engine | string> {
  const { code, output, complaint } = await docker.call(['info', '--format', '{{json .}}']);
  const facts = code === 0 ? parsed(output) : null;
  if (facts?.ServerVersion !== undefined) {
    const isRootless = (facts.SecurityOptions ?? []).some((option) => option.includes('name=rootless'));
    return { name: `Docker ${facts.ServerVersion}`, isRootless };
  }
  if (facts?.version?.Version !== undefined) {
    return { name: `Podman ${facts.version.Version}`, isRootless: facts.host?.security?.rootless === true };
  }
  const cause = facts?.ServerErrors?.[0] ?? complaint.split('\n').at(-1);
  return cause || 'it does not answer';
}

/** Members of Docker's answer, then of Podman's. */
interface EngineFacts {
  readonly ServerVersion?: string;
  readonly SecurityOptions?: readonly string[] | null;
  readonly ServerErrors?: readonly string[] | null;
  readonly version?: { readonly Version?: string };
  readonly host?: { readonly security?: { readonly rootless?: boolean } };
}

function parsed(text: string): EngineFacts | null {
  try {
    return JSON.parse(text) as EngineFacts;
  } catch {
    return null;
  }
}
