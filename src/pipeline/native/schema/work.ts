import * as z from 'zod';
import { key } from './key.ts';
import { fileGlobs, script } from './text.ts';
import { variableName } from './variable.ts';

export const workInputSchema = z
  .strictObject({
    files: key(fileGlobs(), 'Files that it reads.', 'files: ["src/**", package.json]'),
    env: key(
      z.array(variableName().meta({ expects: 'a variable name' })).meta({ expects: 'a list of variables' }),
      'Variables from outside of the pipeline whose values count.',
      'files: ["src/**"]\nenv: [BUILD_MODE]',
      ['variables'],
    ),
    tools: key(
      z.array(script()).meta({ expects: 'a list of commands' }),
      'Commands whose output counts, such as those that print a version.',
      'files: ["src/**"]\ntools: [node --version]',
    ),
  })
  .meta({ id: 'workInput' });

/** What decides the result of a job or step. */
export const workInputs = () =>
  z
    .union([fileGlobs(), workInputSchema])
    .meta({ expects: 'files, or a mapping with `files`, `env` and `tools`' });
