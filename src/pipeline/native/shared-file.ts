import { digestOf } from '../../base/digest.ts';
import type { SourceFiles, UsedSource } from './include.ts';
import { child, type MapNode, sourceText } from './node.ts';
import { ENVIRONMENTS_FILE, SERVICES_FILE, WAIVERS_FILE } from './pipeline-file.ts';
import type { Problems } from './problem.ts';
import { readNode } from './read.ts';
import { waiversSchema } from './schema/gate.ts';
import { definitionsSchema } from './schema/pipeline.ts';
import { decodeSource } from './source.ts';
import { parseYaml } from './syntax.ts';

/** The files of a repository that all of its pipelines share, as far as there are any. */
export interface SharedFiles {
  /** With `environments` and `services`. */
  readonly definitions: readonly MapNode[];
  readonly waivers: MapNode | null;
  readonly sources: readonly UsedSource[];
}

/**
 * Reads and checks the shared files. A file that the pipeline includes by itself is not read again. The waivers file may be
 * named by the pipeline's `waivers`, and must be there then.
 */
export function readSharedFiles(
  main: MapNode,
  included: readonly UsedSource[],
  files: SourceFiles,
  problems: Problems,
): SharedFiles {
  const sources: UsedSource[] = [];
  const definitions = [ENVIRONMENTS_FILE, SERVICES_FILE].flatMap((path) => {
    if (included.some(({ file }) => file === path)) return [];
    const tree = readShared(path, definitionsSchema);
    return tree ? [tree] : [];
  });
  const named = child(main, 'waivers');
  const path = named?.kind === 'scalar' ? String(named.value) : WAIVERS_FILE;
  const waivers = readShared(path, waiversSchema);
  if (named && files.read(path) === null) {
    problems.error('missing-file', named, `there is no waivers file \`${path}\``, {
      suggestion: 'write it with `waivers: []`, or remove the key',
    });
  }
  return { definitions, waivers, sources };

  function readShared(path: string, schema: typeof definitionsSchema | typeof waiversSchema): MapNode | null {
    const content = files.read(path);
    if (content === null) return null;
    if ('refused' in content) {
      const nowhere = { source: sourceText(path, ''), start: 0, end: 0 };
      problems.error('refused-file', nowhere, `cannot read \`${path}\`: ${content.refused}`, {
        suggestion: 'use a file of this repository',
      });
      return null;
    }
    sources.push({ file: path, digest: digestOf(content) });
    const source = decodeSource(path, content, problems);
    const parsed = source && parseYaml(source, problems);
    const read = parsed && readNode(schema, parsed, 'the file', problems);
    return read?.kind === 'map' ? read : null;
  }
}
