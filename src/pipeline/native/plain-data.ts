import type { Entry, Node, SourceText } from './node.ts';
import type { Problems } from './problem.ts';
import { DEPTH_MAX } from './syntax.ts';

/** More than any pipeline has; an object whose parts refer to each other could unfold without end. */
const VALUES_MAX = 200_000;

/**
 * A plain object (what `sluice.ts` exports) to the same tree as a YAML file. There are no positions, so each value knows
 * its key path instead, such as `jobs.test.timeout`. Values that are no plain data are reported.
 */
export function treeOfObject(file: string, value: unknown, problems: Problems): Node {
  const keyPaths: string[] = [];
  let budget = VALUES_MAX;
  const source: SourceText = { file, text: '', lineStarts: [0], keyPaths };
  return build(value, '', 0);

  function build(value: unknown, path: string, depth: number): Node {
    const index = keyPaths.push(path) - 1;
    const located = { source, start: index, end: index, alias: null };
    const empty: Node = { ...located, kind: 'scalar', value: null, plain: null, style: 'code' };
    if (depth > DEPTH_MAX) {
      problems.error(
        'too-deep',
        located,
        `nesting > ${DEPTH_MAX}: values stand in each other more than ${DEPTH_MAX} levels deep, or in a circle`,
      );
      return empty;
    }
    if (--budget < 0) {
      if (budget === -1)
        problems.error('too-large', located, `the pipeline has more than ${VALUES_MAX} values`);
      return empty;
    }
    if (
      value === null ||
      typeof value === 'string' ||
      typeof value === 'boolean' ||
      (typeof value === 'number' && Number.isFinite(value))
    ) {
      return { ...located, kind: 'scalar', value, plain: null, style: 'code' };
    }
    if (Array.isArray(value)) {
      return {
        ...located,
        kind: 'list',
        items: value.map((item, at) => build(item, `${path}[${at}]`, depth + 1)),
      };
    }
    if (typeof value === 'object' && isPlain(value)) {
      const entries: Entry[] = [];
      for (const [key, item] of Object.entries(value)) {
        if (item === undefined) continue;
        const inner = build(item, path === '' ? key : `${path}.${key}`, depth + 1);
        entries.push({ key, keySpan: { source, start: inner.start, end: inner.end }, value: inner });
      }
      return { ...located, kind: 'map', entries };
    }
    problems.error(
      'not-plain-data',
      located,
      `a pipeline is plain data, but this is ${typeof value === 'object' ? 'an object of a class' : `a ${typeof value}`}`,
    );
    return empty;
  }
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}
