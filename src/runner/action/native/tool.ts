import { runProcess } from '../action-run.ts';
import type { NativePart } from './native-part.ts';

/** A program as the steps of the job find it. */
export interface FoundTool {
  /** Without links on the way. */
  readonly path: string;
  /** The numbers alone. */
  readonly version: string;
}

const OUTPUT_BYTES_MAX = 64 * 1024;
/** Where the program is, and what it says of itself: asked where the steps run, which may be a container. */
const SCRIPT =
  'program=$(command -v "$1") || exit 0; shift; readlink -f "$program" || exit 0; "$program" "$@" 2>&1';

/** The first of the programs that is there and tells a version; null: none does. */
export async function findTool(
  part: NativePart,
  programs: readonly string[],
  versionArguments: readonly string[],
): Promise<FoundTool | null> {
  for (const program of programs) {
    const text = await outputOf(part, ['sh', '-c', SCRIPT, 'sh', program, ...versionArguments]);
    const [path, ...lines] = (text ?? '').split('\n');
    const version = /\d+(?:\.\d+)+/.exec(lines.join('\n'))?.[0];
    if (path?.startsWith('/') && version) return { path, version };
  }
  return null;
}

/** The first line that a command prints where the steps run; null when it fails. */
export async function firstLine(part: NativePart, command: readonly string[]): Promise<string | null> {
  const text = await outputOf(part, command);
  return text === null ? null : text.split('\n')[0]!;
}

async function outputOf({ run, place }: NativePart, command: readonly string[]): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  const collect = (chunk: Uint8Array): void => {
    // The bytes are only lent.
    if (length < OUTPUT_BYTES_MAX) chunks.push(Buffer.from(chunk));
    length += chunk.length;
  };
  const cause = await runProcess(run, command, place.directory, place.environment, collect);
  return cause === null ? Buffer.concat(chunks).toString() : null;
}
