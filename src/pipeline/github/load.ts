import type { Checked, Place } from '../../base/diagnostic.ts';
import { type Digest, digestOf } from '../../base/digest.ts';
import { canonicalJson } from '../../base/json.ts';
import type { SourceFiles } from '../native/include.ts';
import { type MapNode, sourceText } from '../native/node.ts';
import { Problems } from '../native/problem.ts';
import { decodeSource } from '../native/source.ts';
import { parseYaml } from '../native/syntax.ts';
import type { Plan } from '../plan.ts';
import { calledOf } from './build/called.ts';
import { type CalledWorkflow, withCallsInlined } from './build/inline.ts';
import { workflowPlan } from './build/workflow.ts';
import { type ForeignWorkflow, type ForeignWorkflows, foreignName } from './foreign.ts';
import { checkSchema } from './schema-check.ts';
import { withLongJobs } from './short-job.ts';

/**
 * Reads and checks a GitHub workflow of the repository, with the workflows that it calls. Gives the plan, with warnings, or all the
 * problems at once, each placed in its file. A job that calls what `foreign` does not have is refused, and not the file. Never throws.
 * To be imported where GitHub's package can be: see src/main/workflow-reader.ts.
 */
export function loadWorkflow(
  path: string,
  files: SourceFiles,
  foreign: ForeignWorkflows = () => null,
): Checked<Plan> {
  const problems = new Problems(path);
  const failed = (): Checked<Plan> => ({ ok: false, diagnostics: problems.list() });
  const own = ownPlan(path, files, problems);
  if (!own) return failed();
  const { plan } = own;
  const used = [{ file: path, digest: own.digest }];
  const called = new Map<string, CalledWorkflow | { readonly refused: string } | null>();
  const read = (file: string, at: Place): CalledWorkflow | { readonly refused: string } | null => {
    if (foreignName(file)) {
      const found = foreign(file);
      if (!found || 'refused' in found) return found;
      used.push({ file, digest: digestOf(found.content) });
      for (const warning of found.warnings) problems.placed('warning', 'workflow-call', at, warning);
      return foreignWorkflow(file, found, used[0]!.digest);
    }
    const bytes = files.read(file);
    if (bytes === null || 'refused' in bytes) return null;
    used.push({ file, digest: digestOf(bytes) });
    const found = treeOf(file, bytes, problems);
    return found && { plan: workflowPlan(found, used[0]!.digest, problems), called: calledOf(found) };
  };
  const whole = withCallsInlined(plan, {
    read: (file, at) => {
      if (!called.has(file)) called.set(file, read(file, at));
      const one = called.get(file)!;
      if (!one && !foreignName(file) && used.every((source) => source.file !== file))
        problems.placed('error', 'missing-file', at, `there is no workflow \`${file}\` to call`);
      return one;
    },
    report: (severity, at, message, suggestion) =>
      problems.placed(severity, 'workflow-call', at, message, suggestion),
  });
  if (problems.errors) return failed();
  return {
    ok: true,
    value: { ...whole, digest: digestOf(canonicalJson(used)) },
    diagnostics: problems.list(),
  };
}

/** The plan of the file alone, in which a job that calls a workflow is one job, as it is written. Not to be run. Never throws. */
export function loadCaller(path: string, files: SourceFiles): Checked<Plan> {
  const problems = new Problems(path);
  const own = ownPlan(path, files, problems);
  if (!own || problems.errors) return { ok: false, diagnostics: problems.list() };
  return { ok: true, value: own.plan, diagnostics: problems.list() };
}

function ownPlan(path: string, files: SourceFiles, problems: Problems) {
  const content = files.read(path);
  if (content === null || 'refused' in content) {
    const nowhere = { source: sourceText(path, ''), start: 0, end: 0 };
    if (content === null) problems.error('missing-file', nowhere, `there is no workflow \`${path}\``);
    else problems.error('refused-file', nowhere, `cannot read \`${path}\`: ${content.refused}`);
    return null;
  }
  const tree = treeOf(path, content, problems);
  const digest = digestOf(content);
  return tree && { plan: workflowPlan(tree, digest, problems), digest };
}

/** What is wrong with a workflow of others is no fault of the file that calls it. */
function foreignWorkflow(
  file: string,
  { content }: Extract<ForeignWorkflow, { content: Uint8Array }>,
  digest: Digest,
): CalledWorkflow | { readonly refused: string } {
  const problems = new Problems(file);
  const tree = treeOf(file, content, problems);
  const plan = tree && workflowPlan(tree, digest, problems);
  const error = problems.list().find(({ severity }) => severity === 'error');
  if (tree && plan && !error) return { plan, called: calledOf(tree) };
  const start = error?.place?.start;
  const where = start ? `${file}:${start.line}:${start.column}` : file;
  return { refused: `${where}: ${error?.message ?? 'it is no workflow'}` };
}

/** The checked syntax of a workflow; null when it is none, which was reported. */
function treeOf(path: string, content: Uint8Array, problems: Problems): MapNode | null {
  const source = decodeSource(path, content, problems);
  const written = source && parseYaml(source, problems);
  if (!written) return null;
  const tree = written.kind === 'map' ? withLongJobs(written, problems) : written;
  checkSchema(tree, problems);
  return tree.kind === 'map' ? tree : null;
}
