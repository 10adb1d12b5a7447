import * as z from 'zod';
import { takenVariable } from '../../variable-name.ts';
import type { ContextName } from './key.ts';

function variableNameProblem(name: string): string | null {
  if (name === '') return 'is no variable name: it is empty';
  if (name.includes('\0')) return 'has a NUL character';
  if (!/^[A-Za-z_]/.test(name)) return 'is no variable name: it must begin with a letter or `_`';
  if (!/^[A-Za-z0-9_]+$/.test(name)) return 'is no variable name: it may only have letters, digits and `_`';
  if (name.length > 200) return 'is longer than 200 characters';
  if (name === '__proto__') return 'is reserved';
  return takenVariable(name);
}

export const variableName = () =>
  z.string().superRefine((name, context) => {
    const problem = variableNameProblem(name);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  });

const variableValue = (contexts: ContextName) =>
  z
    .union([
      z.string().refine((value) => !value.includes('\0'), {
        error: 'has a NUL character, which no environment can hold',
      }),
      z.number(),
      z.boolean(),
    ])
    .meta({ expects: 'text, a number, `true` or `false`', template: contexts });

/** Variables by name. */
export const variables = (contexts: ContextName) =>
  z.record(variableName(), variableValue(contexts)).meta({ expects: 'a mapping of variables' });

/** Secrets granted to a job: names, or the variable each is given as. */
export const secretGrants = () =>
  z
    .union([z.array(variableName()), z.record(variableName(), variableName())])
    .meta({ expects: 'a list of secret names, or a mapping from variable to secret name' });
export const secretNames = () =>
  z.array(variableName().meta({ expects: 'a secret name' })).meta({ expects: 'a list of secret names' });
