import { splitTemplate } from '../expression-template.ts';
import { child, type Node, type Span } from '../native/node.ts';
import { type Problems, shown } from '../native/problem.ts';
import { headOf } from '../native/read.ts';
import { spanInText } from '../native/text-place.ts';
import { isArithmeticOfStep } from './arithmetic.ts';
import { expressionProblem } from './expression-finding.ts';
import { type Finding, findingsOf } from './github-parser.ts';
import type { TokenOrigin } from './node-reader.ts';

/** GitHub adds keys over time; without one of these nothing is lost by reading on. */
const ADVICE_UNKNOWN = 'check its spelling; it is ignored here';

/** Reports what GitHub's own parser finds in a workflow. A key that it does not know is a warning, all else an error. */
export function checkSchema(tree: Node, problems: Problems): void {
  for (const finding of findingsOf(tree)) report(finding, tree, problems);
}

function report(finding: Finding, tree: Node, problems: Problems): void {
  const { message, origin, offset } = finding;
  if (origin && 'kind' in origin && origin.kind === 'scalar' && origin.style === 'broken') return;
  const at = origin ? spanOf(origin) : headOf(tree);
  if (offset !== null && origin && 'kind' in origin && origin.kind === 'scalar') {
    const text = String(origin.value);
    const problem = expressionProblem(text, offset, message);
    const place = spanInText(origin, problem.offset);
    if (isArithmeticOfStep(problem.message, origin, tree)) {
      problems.warn('bad-expression', place, `${problem.message}; the step will fail`, {
        suggestion: 'calculate in the script; GitHub refuses the whole workflow',
      });
    } else problems.error('bad-expression', place, problem.message);
    return;
  }
  const unexpected = /^Unexpected value '([\s\S]*)'$/.exec(message)?.[1];
  if (unexpected !== undefined && origin && !('kind' in origin)) {
    problems.warn('unknown-key', at, `a workflow has no key ${shown(unexpected)} here`, {
      suggestion: ADVICE_UNKNOWN,
    });
    return;
  }
  if (message.startsWith('The expression is not closed') && origin && 'kind' in origin) {
    const text = origin.kind === 'scalar' ? String(origin.value) : '';
    const opened = splitTemplate(text).unclosedAt;
    const start = origin.kind === 'scalar' && opened !== null ? spanInText(origin, opened, 3) : at;
    problems.error('bad-expression', start, `the \${{ that begins here has no closing }}`);
    return;
  }
  if (unexpected && origin && isEvent(origin, tree)) {
    problems.error('unknown-event', at, `there is no event ${shown(unexpected)}`);
    return;
  }
  problems.error(...sentence(message, unexpected, at));
}

function isEvent(origin: TokenOrigin, tree: Node): boolean {
  const on = child(tree, 'on');
  return on === origin || (on?.kind === 'list' && on.items.includes(origin as Node));
}

function spanOf(origin: TokenOrigin): Span {
  return 'kind' in origin ? headOf(origin) : origin.keySpan;
}

function sentence(message: string, unexpected: string | undefined, at: Span): [string, Span, string] {
  if (unexpected !== undefined) {
    return unexpected === ''
      ? ['bad-value', at, 'a value must stand here']
      : ['bad-value', at, `${shown(unexpected)} may not stand here`];
  }
  const missing = /^Required property is missing: (.*)$/.exec(message)?.[1];
  if (missing !== undefined) return ['missing-key', at, `the key \`${missing}\` is missing`];
  const choices = /Add one of these properties: (.*)$/.exec(message)?.[1];
  if (choices !== undefined) return ['missing-key', at, `one of the keys ${choices} is missing`];
  const twice = /^'(.*)' is already defined$/.exec(message)?.[1];
  if (twice !== undefined) {
    return [
      'duplicate-key',
      at,
      `the key ${shown(twice)} stands twice; keys that differ in case are the same`,
    ];
  }
  if (message.startsWith('A template expression is not allowed'))
    return ['bad-expression', at, 'an expression may not stand here'];
  if (message === 'A sequence was not expected') return ['bad-value', at, 'a list may not stand here'];
  if (message === 'A mapping was not expected') return ['bad-value', at, 'a mapping may not stand here'];
  return ['bad-workflow', at, message.replace(/\.$/, '')];
}
