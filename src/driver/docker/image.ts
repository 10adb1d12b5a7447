import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Docker } from './docker.ts';

const PULL_TIMEOUT_MS = 30 * 60_000;

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Whether a failed `run` means that the image is not on the machine. */
export function isMissingImage(complaint: string): boolean {
  return /no such image|unable to find image|image not known|does not exist locally/i.test(complaint);
}

/**
 * Brings an image to the machine, without its progress. Credentials go to the program by standard input, into a folder that is
 * gone afterwards. Returns null, or the sentence of what is wrong.
 */
export async function pullImage(
  docker: Docker,
  image: string,
  credentials: Credentials | null,
): Promise<string | null> {
  if (credentials === null) return pull(docker, image, [], {});
  const folder = mkdtempSync(join(tmpdir(), 'sluice-login-'));
  try {
    // Another configuration forgets which engine was chosen in the usual one.
    const endpoint = await engineEndpoint(docker);
    const environment: Record<string, string> =
      endpoint === null ? {} : { DOCKER_HOST: endpoint, DOCKER_CONTEXT: '' };
    const login = ['--config', folder, 'login', '--username', credentials.username, '--password-stdin'];
    const registry = registryOf(image);
    const answer = await docker.call(registry === null ? login : [...login, '--', registry], {
      input: credentials.password,
      environment,
    });
    if (answer.code !== 0) {
      return `the registry ${registry ?? 'docker.io'} does not take the credentials: ${lastLine(answer.complaint)}`;
    }
    return await pull(docker, image, ['--config', folder], environment);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function pull(
  docker: Docker,
  image: string,
  before: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string | null> {
  const options = { timeoutMs: PULL_TIMEOUT_MS, environment };
  const { code, complaint } = await docker.call([...before, 'pull', '--quiet', '--', image], options);
  if (code === 0) return null;
  return `the image ${image} is not on this machine and cannot be pulled: ${lastLine(complaint)}; check its name, or bring it with \`docker pull ${image}\``;
}

async function engineEndpoint(docker: Docker): Promise<string | null> {
  if (docker.environment.DOCKER_HOST !== undefined) return docker.environment.DOCKER_HOST;
  const words = ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'];
  const { code, output } = await docker.call(words);
  return code === 0 && output !== '' ? output : null;
}

/** The first part of the name when it is a host: it has a dot or a port, or is `localhost`. null: Docker's own registry. */
function registryOf(image: string): string | null {
  const [first, ...rest] = image.split('/');
  return rest.length > 0 && (/[.:]/.test(first!) || first === 'localhost') ? first! : null;
}

function lastLine(text: string): string {
  return text.split('\n').at(-1) || 'no reason is given';
}
