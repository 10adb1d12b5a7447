import type * as z from 'zod';
import type { WorkDeclaration } from '../../plan-work.ts';
import type { Problems } from '../problem.ts';
import { headOf } from '../read.ts';
import type { workInputs } from '../schema/work.ts';
import { nodeAt } from '../value.ts';
import { listOf, placeOfNode } from './text.ts';

interface Declaring {
  readonly inputs?: z.input<ReturnType<typeof workInputs>>;
  readonly outputs?: string | readonly string[] | Readonly<Record<string, string>>;
  readonly output_files?: string | readonly string[];
}

/**
 * What a job or step declares of its work; null when it has no `inputs`, so that nothing can be said of what decides its
 * result. A mapping under `outputs` is about values and is none of it.
 */
export function workOf(definition: Declaring, problems: Problems): WorkDeclaration | null {
  const { inputs, outputs, output_files } = definition;
  const files = typeof outputs === 'string' || Array.isArray(outputs) ? outputs : undefined;
  if (files !== undefined && output_files !== undefined) {
    problems.error(
      'duplicate-key',
      headOf(nodeAt(definition, 'output_files')),
      'files under `outputs` and `output_files` are the same',
      { suggestion: 'keep `output_files`' },
    );
  }
  const made = output_files === undefined ? files : output_files;
  if (inputs === undefined) {
    if (made !== undefined) {
      problems.error(
        'no-inputs',
        headOf(nodeAt(definition, output_files === undefined ? 'outputs' : 'output_files')),
        'output files have no effect without `inputs`, because nobody knows when they are still right',
        { suggestion: 'add `inputs` with the files that decide the result' },
      );
    }
    return null;
  }
  const declared =
    typeof inputs === 'object' && !Array.isArray(inputs)
      ? (inputs as Exclude<typeof inputs, string | string[]>)
      : { files: inputs as string | string[] };
  return {
    inputs: listOf(declared.files),
    outputs: listOf(made as string | readonly string[] | undefined),
    variables: declared.env ?? [],
    tools: declared.tools ?? [],
    place: placeOfNode(nodeAt(definition, 'inputs')),
  };
}
