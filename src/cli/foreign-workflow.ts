import { type Checked, UserError } from '../base/diagnostic.ts';
import type { RunSource } from '../journal/run-event.ts';
import { type ForeignWorkflow, foreignName } from '../pipeline/github/foreign.ts';
import type { Plan } from '../pipeline/plan.ts';
import type { Context } from './context.ts';
import type { ActionPlaces, Sources } from './ports.ts';

/** Of no file, so that a plan is never remembered with what could not be had. */
const NOTHING = new Uint8Array();

/**
 * Reads and checks a workflow, with those of other repositories that it calls: each round brings the ones that the round before has
 * found. `noted` is told their contents by their names.
 */
export async function loadWithForeign(
  context: Context,
  source: RunSource,
  sources: Sources,
  path: string,
  noted: (name: string, content: Uint8Array) => void,
): Promise<Checked<Plan>> {
  const { loadWorkflow } = await context.ports.openWorkflowReader();
  const brought = new Map<string, ForeignWorkflow>();
  for (;;) {
    const wanted = new Set<string>();
    const checked = loadWorkflow(path, sources, (name) => {
      const found = brought.get(name) ?? null;
      if (!found) wanted.add(name);
      return found;
    });
    if (wanted.size === 0) return checked;
    const places = await context.ports.actions(context.settings);
    for (const name of wanted) {
      const found = await bring(places, source, name);
      brought.set(name, found);
      noted(name, 'content' in found ? found.content : NOTHING);
    }
  }
}

async function bring(places: ActionPlaces, source: RunSource, name: string): Promise<ForeignWorkflow> {
  try {
    return await places.workflow(source, foreignName(name)!);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { refused: told(error) };
  }
}

function told({ diagnostics }: UserError): string {
  return diagnostics
    .map(({ message, suggestion }) => (suggestion === undefined ? message : `${message}; ${suggestion}`))
    .join('; ');
}
