import type { Node, Span } from '../node.ts';
import type { Problems } from '../problem.ts';
import type { PipelineDefinition } from '../schema/pipeline.ts';
import type { Templates } from '../template.ts';

/** What the parts of the plan are made with. */
export interface BuildContext {
  readonly problems: Problems;
  readonly templates: Templates;
  readonly defaults: NonNullable<PipelineDefinition['defaults']>;
  /** Secrets that jobs may ask for; null when the pipeline does not say. */
  readonly secrets: ReadonlyMap<string, Span> | null;
  /** Collects which of them are asked for. */
  readonly secretsUsed: Set<string>;
  /** Defined environments; null when the pipeline defines none. */
  readonly environments: readonly string[] | null;
  readonly services: readonly string[] | null;
}

/** A job as it was found: in a list or under its id. */
export interface JobSource {
  readonly key: { readonly id: string; readonly span: Span } | null;
  readonly node: Node;
}
