import type { Node, Span } from '../node.ts';
import type { Problems } from '../problem.ts';
import type { PipelineDefinition } from '../schema/pipeline.ts';
import type { Templates } from '../template.ts';
import type { Definitions } from './definition.ts';
import type { DeclaredSecrets } from './secret.ts';

/** What the parts of the plan are made with. */
export interface BuildContext extends DeclaredSecrets {
  readonly problems: Problems;
  readonly templates: Templates;
  readonly defaults: NonNullable<PipelineDefinition['defaults']>;
  readonly definitions: Definitions;
  /** Whether jobs that do not say it keep their workspaces after each step. */
  readonly snapshots: boolean;
}

/** A job as it was found: in a list or under its id. */
export interface JobSource {
  readonly key: { readonly id: string; readonly span: Span } | null;
  readonly node: Node;
}
