import { FeatureFlags } from '@actions/expressions/features';
import {
  TemplateContext,
  TemplateValidationErrors,
} from '@actions/workflow-parser/templates/template-context';
import { readTemplate } from '@actions/workflow-parser/templates/template-reader';
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/index';
import { NoOperationTraceWriter } from '@actions/workflow-parser/templates/trace-writer';
import { WORKFLOW_ROOT } from '@actions/workflow-parser/workflows/workflow-constants';
import { getWorkflowSchema } from '@actions/workflow-parser/workflows/workflow-schema';
import type { Node } from '../native/node.ts';
import { NodeReader, type TokenOrigin } from './node-reader.ts';

/** What GitHub's parser has against a workflow. */
export interface Finding {
  /** In GitHub's words. */
  readonly message: string;
  /** null: the workflow as a whole. */
  readonly origin: TokenOrigin | null;
  /** Set when it is about an expression: where its `${{`, or the expression itself, begins in the text of the origin. */
  readonly offset: number | null;
}

/** What it says where it throws. */
const PARSER_FAILS = "GitHub's own parser fails here, as it does at a key called `constructor`";

/**
 * Everything that GitHub's own parser and schema find wrong with a workflow: keys, kinds of values, and what stands in
 * `${{ }}`, with the contexts and functions that each place knows. The only file that knows how that package works.
 */
export function findingsOf(tree: Node): readonly Finding[] {
  const reader = new NodeReader(tree);
  const context = new Collector(reader);
  context.state.featureFlags = new FeatureFlags({ all: true });
  readTemplate(context, WORKFLOW_ROOT, reader, undefined);
  return context.findings;
}

class Collector extends TemplateContext {
  readonly findings: Finding[] = [];
  readonly #reader: NodeReader;

  constructor(reader: NodeReader) {
    super(new TemplateValidationErrors(), getWorkflowSchema(), new NoOperationTraceWriter());
    this.#reader = reader;
  }

  override error(at: TemplateToken | number | undefined, problem: unknown, range?: TemplateToken['range']) {
    if (problem instanceof TypeError) {
      // It looks keys up in plain objects, which have a `constructor` of their own.
      this.findings.push({ message: PARSER_FAILS, origin: this.#reader.lastRead, offset: null });
      return;
    }
    const message = problem instanceof Error ? problem.message : String(problem);
    const token = typeof at === 'object' ? at : null;
    const origin = token && this.#reader.origin(token);
    this.findings.push({ message, origin, offset: range ? range.start.column : null });
  }
}
