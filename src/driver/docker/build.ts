import { labelWords } from './container-arguments.ts';
import type { Docker } from './docker.ts';

const BUILD_TIMEOUT_MS = 30 * 60_000;

/** Makes an image from a file and the folder that it is about. Returns the image's id, or the sentence of what is wrong. */
export async function buildImage(
  docker: Docker,
  folder: string,
  file: string,
  labels: Readonly<Record<string, string>>,
): Promise<{ readonly id: string } | string> {
  const words = ['build', '--quiet', ...labelWords(labels), '--file', file, '--', folder];
  const { code, output, complaint } = await docker.call(words, { timeoutMs: BUILD_TIMEOUT_MS });
  const id = output.split('\n').at(-1) ?? '';
  if (code === 0 && id !== '') return { id };
  return `the image of ${file} cannot be made: ${complaint.split('\n').at(-1) || 'no reason is given'}`;
}

/** What an image runs by itself. null: the engine does not know the image. */
export async function imageCommandOf(
  docker: Docker,
  image: string,
): Promise<{ readonly entrypoint: readonly string[]; readonly command: readonly string[] } | null> {
  const format = '{{json .Config.Entrypoint}}\n{{json .Config.Cmd}}';
  const { code, output } = await docker.call(['image', 'inspect', '--format', format, '--', image]);
  if (code !== 0) return null;
  const [entrypoint, command] = output.split('\n').map((line) => (JSON.parse(line) ?? []) as string[]);
  return { entrypoint: entrypoint ?? [], command: command ?? [] };
}
