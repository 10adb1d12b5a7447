import type { Expr } from '@actions/expressions';
import { Binary, FunctionCall, Grouping, Literal, Logical, Unary } from '@actions/expressions/ast';
import { parseExpression } from '../../expression-syntax.ts';
import { pathOf } from '../rewrite.ts';
import { needVariable } from '../shell/facts.ts';

const VARIABLES: Readonly<Record<string, string>> = {
  'git.ref': 'Build.SourceBranch',
  'git.sha': 'Build.SourceVersion',
  'git.repository': 'Build.Repository.Name',
  'event.name': 'Build.Reason',
  'event.actor': 'Build.RequestedFor',
  'run.id': 'Build.BuildId',
  'github.ref': 'Build.SourceBranch',
  'github.ref_name': 'Build.SourceBranchName',
  'github.sha': 'Build.SourceVersion',
  'github.repository': 'Build.Repository.Name',
  'github.event_name': 'Build.Reason',
  'github.actor': 'Build.RequestedFor',
  'github.run_id': 'Build.BuildId',
  'github.head_ref': 'System.PullRequest.SourceBranch',
  'github.base_ref': 'System.PullRequest.TargetBranch',
};

const EVENTS: Readonly<Record<string, string>> = {
  push: 'IndividualCI',
  tag: 'IndividualCI',
  pull_request: 'PullRequest',
  schedule: 'Schedule',
  manual: 'Manual',
  workflow_dispatch: 'Manual',
};

export function eventName(name: string): string {
  return Object.hasOwn(EVENTS, name) ? EVENTS[name]! : name;
}

const RESULTS: Readonly<Record<string, string>> = {
  success: 'Succeeded',
  failure: 'Failed',
  cancelled: 'Canceled',
  skipped: 'Skipped',
};
const FUNCTIONS: Readonly<Record<string, string>> = {
  success: 'succeeded()',
  failure: 'failed()',
  cancelled: 'canceled()',
  always: 'always()',
};
const MATCHES: Readonly<Record<string, string>> = {
  startswith: 'startsWith',
  endswith: 'endsWith',
  contains: 'contains',
};

/** A job's condition in Azure's functions; null: they cannot say it. `name`: what a job is called there. */
export function azureCondition(source: string, name: (job: string) => string): string | null {
  const parsed = parseExpression(source);
  const text = parsed.ok ? functionOf(parsed.root, name) : null;
  return text === null || !parsed.ok || parsed.asksStatus ? text : `and(succeeded(), ${text})`;
}

function functionOf(node: Expr, name: (job: string) => string): string | null {
  if (node instanceof Grouping) return functionOf(node.group, name);
  if (node instanceof Unary) return call('not', [functionOf(node.expr, name)]);
  if (node instanceof Logical) {
    const parts = node.args.map((one) => functionOf(one, name));
    return call(node.operator.lexeme === '&&' ? 'and' : 'or', parts);
  }
  if (node instanceof Binary) return comparison(node, name);
  if (node instanceof FunctionCall) {
    const called = node.functionName.lexeme.toLowerCase();
    if (Object.hasOwn(FUNCTIONS, called)) return FUNCTIONS[called]!;
    const [whole, part] = node.args;
    if (!Object.hasOwn(MATCHES, called) || !whole || !part) return null;
    return call(MATCHES[called]!, [valueText(whole, name), valueText(part, name)]);
  }
  const value = valueText(node, name);
  return value && `ne(${value}, '')`;
}

function comparison(node: Binary, name: (job: string) => string): string | null {
  const operator = (
    { '==': 'eq', '!=': 'ne', '<': 'lt', '>': 'gt', '<=': 'le', '>=': 'ge' } as Record<string, string>
  )[node.operator.lexeme]!;
  const [one, other] = node.left instanceof Literal ? [node.right, node.left] : [node.left, node.right];
  const path = pathOf(one)?.join('.').toLowerCase() ?? '';
  const text = other instanceof Literal ? other.literal.coerceString() : null;
  if (path === 'git.branch' && text !== null)
    return call(operator, ["variables['Build.SourceBranch']", quotedText(`refs/heads/${text}`)]);
  if (path === 'git.tag' && text !== null)
    return call(operator, ["variables['Build.SourceBranch']", quotedText(`refs/tags/${text}`)]);
  if (/^(?:event\.name|github\.event_name)$/.test(path) && text !== null)
    return call(operator, ["variables['Build.Reason']", quotedText(eventName(text))]);
  if (/^needs\..*\.result$/.test(path) && text !== null && Object.hasOwn(RESULTS, text))
    return call(operator, [valueText(one, name), quotedText(RESULTS[text]!)]);
  return call(operator, [valueText(one, name), valueText(other, name)]);
}

function valueText(node: Expr, name: (job: string) => string): string | null {
  if (node instanceof Grouping) return valueText(node.group, name);
  if (node instanceof Literal) return quotedText(node.literal.coerceString());
  const path = pathOf(node);
  if (!path) return null;
  const [context, first, what, output] = path;
  const found = VARIABLES[path.join('.').toLowerCase()];
  if (found) return `variables['${found}']`;
  if (context === 'needs' && what === 'result') return `dependencies.${name(first!)}.result`;
  if (context === 'needs' && what === 'outputs' && output !== undefined)
    return `dependencies.${name(first!)}.outputs['outputs.${needVariable(first!, output)}']`;
  if (/^(?:vars|variables|env)$/.test(context!) && first !== undefined && what === undefined)
    return `variables['${first}']`;
  return context === 'inputs' && first !== undefined
    ? `variables['INPUT_${first.replace(/\W/g, '_')}']`
    : null;
}

function call(name: string, values: readonly (string | null)[]): string | null {
  return values.includes(null) ? null : `${name}(${values.join(', ')})`;
}

function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
