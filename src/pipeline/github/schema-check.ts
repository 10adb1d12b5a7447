import { splitTemplate } from '../expression-template.ts';
import { child, type Node, type Span } from '../native/node.ts';
import { type Problems, shown } from '../native/problem.ts';
import { headOf } from '../native/read.ts';
import { spanInText } from '../native/text-place.ts';
import { isArithmetic, textsOfSteps } from './arithmetic.ts';
import { expressionProblem } from './expression-finding.ts';
import { type Finding, findingsOf } from './github-parser.ts';
import type { TokenOrigin } from './node-reader.ts';

/** GitHub adds keys over time; without one of these nothing is lost by reading on. */
const ADVICE_UNKNOWN = 'check its spelling; it is ignored here';

/** The most problems of one text: each place is found by walking the text. */
const SHOWN_MAX = 20;

/** Reports what GitHub's own parser finds in a workflow. A key that it does not know is a warning, all else an error. */
export function checkSchema(tree: Node, problems: Problems): void {
  const shownOf = new Map<TokenOrigin, number>();
  let inSteps: ReadonlySet<Node> | null = null;
  for (const finding of findingsOf(tree)) {
    const { origin, offset } = finding;
    const node = origin && 'kind' in origin && origin.kind === 'scalar' ? origin : null;
    if (node?.style === 'broken') continue;
    if (!node || offset === null) {
      report(finding, tree, problems);
      continue;
    }
    const count = (shownOf.get(node) ?? 0) + 1;
    shownOf.set(node, count);
    if (count > SHOWN_MAX) continue;
    const { message, offset: at } = expressionProblem(String(node.value), offset, finding.message);
    const place = spanInText(node, at);
    if (isArithmetic(message)) inSteps ??= textsOfSteps(tree);
    if (isArithmetic(message) && inSteps?.has(node)) {
      problems.warn('bad-expression', place, `${message}; the step will fail`, {
        suggestion: 'calculate in the script; GitHub refuses the whole workflow',
      });
    } else problems.error('bad-expression', place, message);
  }
}

/** A finding that is not about one expression. */
function report({ message, origin }: Finding, tree: Node, problems: Problems): void {
  const at = origin ? spanOf(origin) : headOf(tree);
  const unexpected = /^Unexpected value '([\s\S]*)'$/.exec(message)?.[1];
  if (unexpected !== undefined && origin && !('kind' in origin)) {
    problems.warn('unknown-key', at, `a workflow has no key ${shown(unexpected)} here`, {
      suggestion: ADVICE_UNKNOWN,
    });
    return;
  }
  if (message.startsWith('The expression is not closed') && origin && 'kind' in origin) {
    const opened = origin.kind === 'scalar' ? splitTemplate(String(origin.value)).unclosedAt : null;
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
