import type { CallOptions, Docker } from '../../../driver/docker/docker.ts';

/** The engine did not do what it was asked, with its last line. */
export class EngineError extends Error {}

/** Calls the engine and returns what it prints; throws `EngineError` when that fails. */
export async function told(
  docker: Docker,
  words: readonly string[],
  options: CallOptions = {},
): Promise<string> {
  const { code, output, complaint } = await docker.call(words, options);
  if (code === 0) return output;
  throw new EngineError(lastLine(complaint));
}

/** The same, as lines. */
export async function toldLines(docker: Docker, words: readonly string[]): Promise<string[]> {
  return (await told(docker, words)).split('\n').filter((line) => line !== '');
}

export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) || 'no reason is given';
}
