import type { DirectoryCache } from '../../plan-cache.ts';
import { shown } from '../problem.ts';
import { nodeAt } from '../value.ts';
import type { BuildContext } from './context.ts';
import type { JobDefinition } from './step.ts';
import { entriesOf, listOf, placeOfNode } from './text.ts';

/** The directory caches of a job. The same key twice is reported: the second would overwrite the first. */
export function cachesOf(job: JobDefinition, context: BuildContext): DirectoryCache[] {
  const seen = new Set<string>();
  return entriesOf(job, 'cache').map(({ value, node }) => {
    const definition = value as Exclude<NonNullable<JobDefinition['cache']>, readonly unknown[]>;
    const keyFiles = listOf(definition.key_files);
    const identity = JSON.stringify([definition.key, keyFiles]);
    if (seen.has(identity)) {
      context.problems.error(
        'duplicate-id',
        nodeAt(definition, 'key'),
        `two caches of the job have the key ${shown(definition.key)}`,
        { suggestion: 'join their `paths`, or give one of them another key' },
      );
    }
    seen.add(identity);
    return {
      key: definition.key,
      keyFiles,
      restoreKeys: listOf(definition.restore_keys),
      paths: listOf(definition.paths),
      readonly: definition.readonly ?? false,
      place: placeOfNode(node),
    };
  });
}
