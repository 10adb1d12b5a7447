import { registerHooks } from 'node:module';
import type { WorkflowReader } from '../cli/ports.ts';

let reader: Promise<WorkflowReader> | null = null;

/**
 * The reader of GitHub workflows, loaded when the first one is read. GitHub's package imports its schema without saying that it
 * is JSON, which Node wants to be told; in a release the schema is a part of the bundle, and the hook finds nothing to do.
 */
export function openWorkflowReader(): Promise<WorkflowReader> {
  reader ??= load();
  return reader;
}

async function load(): Promise<WorkflowReader> {
  const hooks = registerHooks({
    load: (url, context, next) =>
      /\/workflow-parser\/dist\/[^/]+\.json$/.test(url)
        ? next(url, { ...context, importAttributes: { ...context.importAttributes, type: 'json' } })
        : next(url, context),
  });
  try {
    return await import('../pipeline/github/load.ts');
  } finally {
    hooks.deregister();
  }
}
