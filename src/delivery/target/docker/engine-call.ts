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

/** The last line that says what is wrong, without the program's advice. */
export function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/^(Run|See) 'docker/.test(line));
  return lines.at(-1)?.replace(/^docker: /, '') ?? 'no reason is given';
}
