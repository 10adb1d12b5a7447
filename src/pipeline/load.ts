import type { Checked } from '../base/diagnostic.ts';
import { digestOf } from '../base/digest.ts';
import { canonicalJson } from '../base/json.ts';
import { buildPlan } from './native/build/plan.ts';
import { type SourceFiles, withIncludes } from './native/include.ts';
import { type Node, sourceText } from './native/node.ts';
import { treeOfObject } from './native/plain-data.ts';
import { Problems } from './native/problem.ts';
import { readNode } from './native/read.ts';
import { pipelineSchema } from './native/schema/pipeline.ts';
import { readSharedFiles } from './native/shared-file.ts';
import { decodeSource } from './native/source.ts';
import { parseYaml } from './native/syntax.ts';
import type { Plan } from './plan.ts';

export type { SourceFiles } from './native/include.ts';

/** Reads and checks a pipeline file of the repository. Gives the plan, or all the problems at once. Never throws. */
export function loadPipeline(path: string, files: SourceFiles): Checked<Plan> {
  const problems = new Problems(path);
  const nowhere = { source: sourceText(path, ''), start: 0, end: 0 };
  const content = files.read(path);
  if (content === null) {
    problems.error('missing-file', nowhere, `there is no pipeline file \`${path}\``, {
      suggestion: 'run `sluice init` to write one, or name another with `--file`',
    });
    return { ok: false, diagnostics: problems.list() };
  }
  if ('refused' in content) {
    problems.error('refused-file', nowhere, `cannot read \`${path}\`: ${content.refused}`, {
      suggestion: 'use a file of this repository',
    });
    return { ok: false, diagnostics: problems.list() };
  }
  const source = decodeSource(path, content, problems);
  const tree = source && parseYaml(source, problems);
  return tree
    ? planOf(tree, digestOf(content), files, problems)
    : { ok: false, diagnostics: problems.list() };
}

/** The same for a definition that a program made (`sluice.ts`); messages name the key path, such as `jobs.test.timeout`. */
export function loadPipelineObject(file: string, value: unknown, files: SourceFiles): Checked<Plan> {
  const problems = new Problems(file);
  const tree = treeOfObject(file, value, problems);
  if (problems.errors) return { ok: false, diagnostics: problems.list() };
  return planOf(tree, digestOf(canonicalJson(value)), files, problems);
}

/** The environments that the repository's shared files define, for a file that has no place for any itself. */
export function environmentsOf(file: string, files: SourceFiles): Checked<Plan['environments']> {
  const checked = loadPipelineObject(file, { jobs: { none: { commands: ['true'] } } }, files);
  return checked.ok ? { ...checked, value: checked.value.environments } : checked;
}

function planOf(tree: Node, digest: string, files: SourceFiles, problems: Problems): Checked<Plan> {
  const read = readNode(pipelineSchema, tree, 'the pipeline', problems);
  if (read?.kind === 'map') {
    const { trees, sources } = withIncludes(read, files, problems);
    const shared = readSharedFiles(read, sources, files, problems);
    const used = [{ file: read.source.file, digest }, ...sources, ...shared.sources];
    const plan = buildPlan({ trees, ...shared }, digestOf(canonicalJson(used)), problems);
    if (!problems.errors) return { ok: true, value: plan, diagnostics: problems.list() };
  }
  return { ok: false, diagnostics: problems.list() };
}
