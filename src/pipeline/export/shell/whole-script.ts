import type { LossNote } from '../contract.ts';
import type { Block, JobScript } from './job-script.ts';

/** A job's script in one text, for targets whose steps share nothing; it stops at the first command that fails.
 * `before`: commands in front of all, such as those that bring values. */
export function wholeScript(
  script: JobScript,
  before: readonly string[],
): { readonly text: string; readonly notes: readonly LossNote[] } {
  const blocks = script.blocks;
  const setup = script.setup === null ? [] : [script.setup];
  const parts = ['set -e', ...before, ...setup, ...blocks.map(({ text }) => text)];
  return { text: parts.join('\n'), notes: blocks.flatMap(({ notes }) => notes) };
}

/** The clean-up as one text; null: there is none. `guard`: a command that succeeds when the job failed. */
export function cleanupScript(
  script: JobScript,
  whens: readonly ('always' | 'on-failure')[],
  guard: string,
): { readonly text: string; readonly notes: readonly LossNote[] } | null {
  if (script.cleanup.length === 0) return null;
  const text = script.cleanup.map((block: Block, index) =>
    whens[index] === 'on-failure' ? `if ${guard}; then\n${block.text}\nfi` : block.text,
  );
  return {
    text: [...(script.setup === null ? [] : [script.setup]), ...text].join('\n'),
    notes: script.cleanup.flatMap(({ notes }) => notes),
  };
}

/** Makes variables of the outputs that jobs before left in files; a file that is not there is nothing. */
export function readOutputs(files: readonly string[]): string[] {
  if (files.length === 0) return [];
  return [
    `for file in ${files.join(' ')}; do
  [ -f "$file" ] || continue
  while IFS= read -r line; do export "\${line?}"; done < "$file"
done`,
  ];
}
