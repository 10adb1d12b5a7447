import { digestOf } from '../../base/digest.ts';
import { child, entryOf, type MapNode, type Node, type Span } from './node.ts';
import { substituteParameters } from './parameter.ts';
import { type Problems, shown } from './problem.ts';
import { readNode } from './read.ts';
import { includedSchema } from './schema/pipeline.ts';
import { decodeSource } from './source.ts';
import { parseYaml } from './syntax.ts';

/** A file that may not be read, although it may exist; the reason completes "cannot include X: ". */
export interface SourceRefusal {
  readonly refused: string;
}

/**
 * The repository's files. Paths are relative to its root, with `/`, without `..`. `read` follows symbolic links only inside
 * the repository and answers with a refusal for those that leave it; null means that there is no such file.
 */
export interface SourceFiles {
  read(path: string): Uint8Array | SourceRefusal | null;
}

/** A source file that made the plan. */
export interface UsedSource {
  readonly file: string;
  readonly digest: string;
}

const INCLUDED_MAX = 100;

/**
 * The main file's tree and those of all the files it includes, in that order, each checked and with parameters filled in.
 * A file may be included several times with other parameters.
 */
export function withIncludes(
  main: MapNode,
  files: SourceFiles,
  problems: Problems,
): { trees: MapNode[]; sources: UsedSource[] } {
  const trees: MapNode[] = [main];
  const sources: UsedSource[] = [];
  follow(main, [main.source.file]);
  return { trees, sources };

  function follow(tree: MapNode, chain: readonly string[]): void {
    const include = child(tree, 'include');
    if (!include) return;
    for (const item of include.kind === 'list' ? include.items : [include]) {
      const pathNode = item.kind === 'map' ? child(item, 'path') : item;
      if (pathNode?.kind !== 'scalar' || typeof pathNode.value !== 'string') continue;
      const path = includedPath(pathNode.value, pathNode, chain, problems);
      if (path === null) continue;
      if (trees.length > INCLUDED_MAX) {
        problems.error('too-many-includes', pathNode, `more than ${INCLUDED_MAX} files are included`);
        return;
      }
      const included = readIncluded(path, item, pathNode);
      if (!included) continue;
      trees.push(included);
      follow(included, [...chain, path]);
    }
  }

  function readIncluded(path: string, item: Node, at: Span): MapNode | null {
    const content = files.read(path);
    if (content === null) {
      problems.error('missing-include', at, `there is no file ${shown(path)} in the repository`, {
        suggestion: 'write the path from the root of the repository',
      });
      return null;
    }
    if ('refused' in content) {
      problems.error('refused-include', at, `cannot include ${shown(path)}: ${content.refused}`, {
        suggestion: 'include a file of this repository',
      });
      return null;
    }
    sources.push({ file: path, digest: digestOf(content) });
    const source = decodeSource(path, content, problems);
    const parsed = source && parseYaml(source, problems);
    if (!parsed) return null;
    const given = item.kind === 'map' ? entryOf(item, 'with')?.value : undefined;
    const filled = substituteParameters(parsed, given?.kind === 'map' ? given : null, at, problems);
    const read = readNode(includedSchema, filled, 'an included file', problems);
    return read?.kind === 'map' ? read : null;
  }
}

/** The path when it may be asked for; otherwise the reason is reported. */
function includedPath(path: string, at: Span, chain: readonly string[], problems: Problems): string | null {
  const advice = { suggestion: 'include a file of this repository, by its path from the root' };
  if (/^[a-z][a-z0-9+.-]*:/i.test(path) || path.startsWith('//')) {
    problems.error(
      'refused-include',
      at,
      `cannot include ${shown(path)}: it is a URL, and what it holds could change between two runs`,
      advice,
    );
    return null;
  }
  if (path.startsWith('/') || path.includes('\\')) {
    problems.error(
      'refused-include',
      at,
      `cannot include ${shown(path)}: it is no path inside the repository`,
      advice,
    );
    return null;
  }
  const parts = path.split('/').filter((part) => part !== '.' && part !== '');
  if (parts.includes('..') || parts.length === 0) {
    problems.error('refused-include', at, `cannot include ${shown(path)}: it leaves the repository`, advice);
    return null;
  }
  const normal = parts.join('/');
  const before = chain.indexOf(normal);
  if (before >= 0) {
    const circle = [...chain.slice(before), normal].join(' -> ');
    problems.error('include-cycle', at, `the file includes itself: ${circle}`, {
      suggestion: 'remove this include',
    });
    return null;
  }
  return normal;
}
