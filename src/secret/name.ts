import { userError } from '../base/diagnostic.ts';
import { secretProblem } from '../base/secret-value.ts';
import { visible } from '../base/text.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const NAME_LENGTH_MAX = 128;
const ENVIRONMENT = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/;
/** Variables by which a program finds and loads code: as the name of a secret they would be given to jobs as such. */
const LOADING = new Set([
  'PATH',
  'LD_PRELOAD',
  'LD_LIBRARY_PATH',
  'LD_AUDIT',
  'NODE_OPTIONS',
  'BASH_ENV',
  'ENV',
  'IFS',
  'PYTHONSTARTUP',
  'PERL5OPT',
  'RUBYOPT',
]);

/** Throws `UserError` when no secret may be called so. What may be a value is not repeated. */
export function checkName(name: string): void {
  if (NAME.test(name) && name.length <= NAME_LENGTH_MAX && !LOADING.has(name)) return;
  if (LOADING.has(name))
    throw userError(
      'secret-name',
      `a secret may not be called ${name}: as a variable it would decide which code runs`,
      'choose another name; a job can give it to any variable: `secrets: {VARIABLE: NAME}`',
    );
  const head = /^[A-Za-z0-9_]{1,40}(?==)/.exec(name)?.[0];
  throw userError(
    'secret-name',
    head === undefined
      ? 'a secret is named with letters, digits and underscores, beginning with no digit, 128 characters at most'
      : `the name is followed by "=": a value is never an argument, where every user of the machine can read it`,
    head === undefined ? 'for example NPM_TOKEN' : `sluice secret set ${head} and give the value when asked`,
  );
}

/** Throws `UserError` when no environment may be called so. */
export function checkEnvironment(environment: string | null): void {
  if (environment === null || ENVIRONMENT.test(environment)) return;
  throw userError(
    'secret-environment',
    `"${visible(environment)}" is no name of an environment`,
    'letters, digits, "_", "-" and ".", for example production',
  );
}

/** Throws `UserError` when the value could not be masked later: it would be refused by every job. */
export function checkValue(name: string, value: string): void {
  const problem = secretProblem(value);
  if (problem) throw userError('secret-value', `secret ${name} ${problem}`);
}
