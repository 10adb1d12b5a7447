import type { Checked } from '../../src/base/diagnostic.ts';
import { openWorkflowReader } from '../../src/main/workflow-reader.ts';
import type { Plan } from '../../src/pipeline/plan.ts';

const FILE = '.github/workflows/ci.yml';
const { loadWorkflow } = await openWorkflowReader();

export function load(content: string | Uint8Array): Checked<Plan> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return loadWorkflow(FILE, { read: (path) => (path === FILE ? bytes : null) });
}

/** The plan of a workflow that must be right. */
export function planOf(text: string): Plan {
  const checked = load(text);
  if (!checked.ok) throw new Error(checked.diagnostics.map((one) => one.message).join('\n'));
  return checked.value;
}
