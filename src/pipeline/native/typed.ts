import type { PipelineDefinition } from './schema/pipeline.ts';

export type { PipelineDefinition };

/** For `sluice.ts`: gives the definition back as it is, checked by the compiler. `export default pipeline({ ... })`. */
export function pipeline(definition: PipelineDefinition): PipelineDefinition {
  return definition;
}
