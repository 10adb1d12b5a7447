import type { Diagnostic } from '../../base/diagnostic.ts';
import { nearestName } from '../../base/near.ts';

/** Where a pipeline is looked for, in this order; the rest of `.sluice` comes after. */
export const PIPELINE_FILE_NAMES = [
  'sluice.yaml',
  'sluice.yml',
  'pipeline.yaml',
  'pipeline.yml',
  'sluice.ts',
] as const;

/** Files in the same folder that are no pipelines: every pipeline of the repository reads them. */
export const ENVIRONMENTS_FILE = '.sluice/environments.yaml';
export const SERVICES_FILE = '.sluice/services.yaml';
export const WAIVERS_FILE = '.sluice/waivers.yaml';
const SHARED_FILES: readonly string[] = [ENVIRONMENTS_FILE, SERVICES_FILE, WAIVERS_FILE];

export type PipelineChoice = { readonly path: string } | { readonly problem: Diagnostic };

/** Whether a file is a GitHub workflow, by where it lies. */
export function isWorkflowFile(path: string): boolean {
  return /^\.github\/workflows\/[^/]+\.ya?ml$/.test(path);
}

/** The pipeline files among the repository's files, first choice first. GitHub workflows count where there is nothing else. */
export function pipelineFiles(listed: readonly string[]): string[] {
  const own = ownFiles(listed);
  return own.length > 0 ? own : workflowFiles(listed);
}

function workflowFiles(listed: readonly string[]): string[] {
  return listed.filter(isWorkflowFile).sort();
}

function ownFiles(listed: readonly string[]): string[] {
  const folder = listed
    .filter((path) => /^\.sluice\/[^/]+\.ya?ml$/.test(path) && !SHARED_FILES.includes(path))
    .sort();
  return [...PIPELINE_FILE_NAMES.filter((name) => listed.includes(name)), ...folder];
}

/**
 * The pipeline file to use. `listed`: paths in the repository (others than pipelines are ignored unless `wanted` names
 * them). `wanted`: a path, a file name without its ending, or a pipeline's name; null takes the first.
 * `nameOf` gives the `name` inside a file, or null.
 */
export function choosePipelineFile(
  listed: readonly string[],
  wanted: string | null,
  nameOf: (path: string) => string | null,
): PipelineChoice {
  if (wanted !== null) {
    return chooseWanted(listed, [...ownFiles(listed), ...workflowFiles(listed)], wanted, nameOf);
  }
  const found = pipelineFiles(listed);
  const first = found[0];
  if (first === undefined) {
    return problem(
      'no-pipeline',
      `there is no pipeline file here (looked for ${PIPELINE_FILE_NAMES.join(', ')}, .sluice/*.yaml and .github/workflows/*.yml)`,
      'run `sluice init` to write one',
    );
  }
  if (first.startsWith('.') && found.length > 1) {
    return problem(
      'several-pipelines',
      `there are several pipelines: ${found.join(', ')}`,
      `name one, such as \`sluice run ${stem(first)}\``,
    );
  }
  return { path: first };
}

function chooseWanted(
  listed: readonly string[],
  found: readonly string[],
  wanted: string,
  nameOf: (path: string) => string | null,
): PipelineChoice {
  const path = wanted.replace(/^\.\//, '');
  if (listed.includes(path)) return { path };
  const byStem = found.find((file) => stem(file) === wanted);
  const byName = byStem ?? found.find((file) => nameOf(file) === wanted);
  if (byName !== undefined) return { path: byName };
  const names = found.map((file) => nameOf(file) ?? stem(file));
  const near = nearestName(wanted, [...found, ...names]);
  return problem(
    'unknown-pipeline',
    `there is no pipeline \`${wanted}\``,
    near
      ? `did you mean \`${near}\`?`
      : found.length > 0
        ? `there are ${names.join(', ')}`
        : 'run `sluice init` to write one',
  );
}

function stem(path: string): string {
  return path.replace(/^\.(sluice|github\/workflows)\//, '').replace(/\.(ya?ml|ts)$/, '');
}

function problem(code: string, message: string, suggestion: string): PipelineChoice {
  return { problem: { severity: 'error', code, message, suggestion } };
}
