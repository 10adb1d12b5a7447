import type { Checked } from '../../base/diagnostic.ts';
import { digestOf } from '../../base/digest.ts';
import { canonicalJson } from '../../base/json.ts';
import type { SourceFiles } from '../native/include.ts';
import { sourceText } from '../native/node.ts';
import { Problems } from '../native/problem.ts';
import { decodeSource } from '../native/source.ts';
import { parseYaml } from '../native/syntax.ts';
import type { Plan } from '../plan.ts';
import { workflowPlan } from './build/workflow.ts';
import { checkSchema } from './schema-check.ts';
import { withLongJobs } from './short-job.ts';

/**
 * Reads and checks a GitHub workflow of the repository. Gives the plan, with warnings, or all the problems at once, each
 * placed in the file. Never throws. To be imported where GitHub's package can be: see src/main/workflow-reader.ts.
 */
export function loadWorkflow(path: string, files: SourceFiles): Checked<Plan> {
  const problems = new Problems(path);
  const failed = (): Checked<Plan> => ({ ok: false, diagnostics: problems.list() });
  const content = files.read(path);
  if (content === null || 'refused' in content) {
    const nowhere = { source: sourceText(path, ''), start: 0, end: 0 };
    if (content === null) problems.error('missing-file', nowhere, `there is no workflow \`${path}\``);
    else problems.error('refused-file', nowhere, `cannot read \`${path}\`: ${content.refused}`);
    return failed();
  }
  const source = decodeSource(path, content, problems);
  const written = source && parseYaml(source, problems);
  if (!written) return failed();
  const tree = written.kind === 'map' ? withLongJobs(written, problems) : written;
  checkSchema(tree, problems);
  if (tree.kind !== 'map') return failed();
  const digest = digestOf(canonicalJson([{ file: path, digest: digestOf(content) }]));
  const plan = workflowPlan(tree, digest, problems);
  return problems.errors ? failed() : { ok: true, value: plan, diagnostics: problems.list() };
}
