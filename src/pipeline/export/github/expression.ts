import { expressionOfText } from '../../github/build/expression.ts';
import type { Plan, PlanJob } from '../../plan.ts';
import type { LossNote } from '../contract.ts';
import type { Names } from '../names.ts';
import { type Rename, type RenameComparison, rewriteExpression, rewriteTemplate } from '../rewrite.ts';

/** GitHub's words for ours. */
const PLAIN: Readonly<Record<string, string>> = {
  'git.branch': '(github.head_ref || github.ref_name)',
  'git.tag': "(github.ref_type == 'tag' && github.ref_name || '')",
  'git.ref': 'github.ref',
  'git.sha': 'github.sha',
  'git.dirty': 'false',
  'git.repository': 'github.repository',
  'event.name': 'github.event_name',
  'event.actor': 'github.actor',
  'event.payload': 'github.event',
  'run.id': 'github.run_id',
  'run.number': 'github.run_number',
  'run.attempt': 'github.run_attempt',
  'pipeline.name': 'github.workflow',
};

/** There is nothing like it, and what stands for it. */
const LOST: Readonly<Record<string, string>> = {
  'git.short_sha': 'github.sha',
  'run.trust': "''",
};

const EVENTS: Readonly<Record<string, string>> = { manual: 'workflow_dispatch', api: 'repository_dispatch' };

/** Writes the expressions of one place of a plan in GitHub's words. */
export interface GithubWords {
  expression(source: string): string;
  template(text: string): string;
  templates(texts: Readonly<Record<string, string>>): Record<string, string>;
  /** What had no word so far, once each. */
  losses(): LossNote[];
}

/**
 * `job`: whose expressions they are; null: those of the pipeline. `hasEnv`: the place can see the `env` context; where it
 * cannot, the value of a variable is written itself.
 */
export function githubWords(plan: Plan, names: Names, job: PlanJob | null, hasEnv: boolean): GithubWords {
  const lost = new Map<string, LossNote>();
  const rename: Rename = (path) => {
    const [context, property, ...rest] = path.map((part, index) => (index === 0 ? part.toLowerCase() : part));
    if (context === 'needs' && property !== undefined && rest.length === 0)
      return dotted('needs', names.job(property));
    if (context === 'steps' && property !== undefined && rest.length === 0 && job)
      return dotted('steps', names.step(job, property));
    if ((context === 'vars' || context === 'variables') && rest.length === 0) return variable(property);
    if (property === undefined || rest.length > 0) return null;
    const word = `${context}.${property.toLowerCase()}`;
    if (word === 'pipeline.file') return `'${plan.file.replaceAll("'", "''")}'`;
    if (Object.hasOwn(LOST, word)) return lose(word, LOST[word]!);
    return Object.hasOwn(PLAIN, word) ? PLAIN[word]! : null;
  };
  const variable = (name: string | undefined): string | null => {
    if (name === undefined) return hasEnv ? 'env' : null;
    if (!Object.hasOwn(plan.variables, name)) return dotted('vars', name);
    return hasEnv ? dotted('env', name) : valueText(name);
  };
  const valueText = (name: string): string => {
    const order = Object.keys(plan.variables);
    // A variable sees those before it.
    const before: Rename = (path) =>
      /^var(?:iable)?s$/i.test(path[0]!) && order.indexOf(path[1] ?? '') >= order.indexOf(name)
        ? "''"
        : rename(path);
    const value = rewriteTemplate(plan.variables[name]!, before, compare);
    return value.includes('${{') ? `(${expressionOfText(value)})` : expressionOfText(value);
  };
  const lose = (word: string, instead: string): string => {
    lost.set(word, {
      feature: 'expression',
      message: `${job ? `job ${job.id}: ` : ''}GitHub has nothing like ${word}`,
      instead: `${instead} stands there`,
      place: job?.place ?? null,
    });
    return instead;
  };
  const compare: RenameComparison = (path, operator, text) => {
    if (path.join('.').toLowerCase() !== 'event.name' || !/^[!=]=$/.test(operator)) return null;
    if (text !== 'tag')
      return Object.hasOwn(EVENTS, text) ? `github.event_name ${operator} '${EVENTS[text]}'` : null;
    const isTag = "(github.event_name == 'push' && github.ref_type == 'tag')";
    return operator === '==' ? isTag : `!${isTag}`;
  };
  const isOurs = plan.dialect === 'sluice';
  const expression = (source: string) => (isOurs ? rewriteExpression(source, rename, compare) : source);
  const template = (text: string) => (isOurs ? rewriteTemplate(text, rename, compare) : text);
  return {
    expression,
    template,
    templates: (texts) =>
      Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, template(text)])),
    losses: () => [...lost.values()],
  };
}

function dotted(context: string, name: string): string {
  return /^[A-Za-z_][\w-]*$/.test(name)
    ? `${context}.${name}`
    : `${context}['${name.replaceAll("'", "''")}']`;
}
