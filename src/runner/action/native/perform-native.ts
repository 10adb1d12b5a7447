import type { ActionInput } from '../../../pipeline/github/action/action-definition.ts';
import type { NativeAction } from '../../../pipeline/github/action/native-action.ts';
import type { PlanUses } from '../../../pipeline/plan-action.ts';
import { KeepProblem } from '../../problem.ts';
import type { StepScope } from '../../step-setup.ts';
import type { ActionEnd, ActionRun } from '../action-run.ts';
import { readInputs } from '../inputs.ts';
import type { PartPlace } from '../part-place.ts';
import type { NativePart } from './native-part.ts';

/** An action as Sluice performs it: its inputs, and the work, which gives its outputs or throws a `KeepProblem`. */
interface Adapter {
  readonly inputs: Readonly<Record<string, ActionInput>>;
  perform(part: NativePart): Promise<Readonly<Record<string, string>>>;
}

const ADAPTERS: Readonly<Record<NativeAction, () => Promise<Adapter>>> = {
  'actions/checkout': async () => (await import('./checkout.ts')).CHECKOUT,
  'actions/setup-node': async () => (await import('./languages.ts')).SETUP_NODE,
  'actions/setup-python': async () => (await import('./languages.ts')).SETUP_PYTHON,
  'actions/setup-go': async () => (await import('./languages.ts')).SETUP_GO,
  'actions/setup-java': async () => (await import('./languages.ts')).SETUP_JAVA,
  'actions/setup-dotnet': async () => (await import('./languages.ts')).SETUP_DOTNET,
  'actions/setup-ruby': async () => (await import('./languages.ts')).SETUP_RUBY,
  'ruby/setup-ruby': async () => (await import('./languages.ts')).SETUP_RUBY,
  'actions/cache': async () => (await import('./cache.ts')).CACHE,
  'actions/cache/restore': async () => (await import('./cache.ts')).CACHE_RESTORE,
  'actions/cache/save': async () => (await import('./cache.ts')).CACHE_SAVE,
  'actions/upload-artifact': async () => (await import('./upload-artifact.ts')).UPLOAD_ARTIFACT,
  'actions/download-artifact': async () => (await import('./download-artifact.ts')).DOWNLOAD_ARTIFACT,
};

/**
 * What untrusted code still runs could put links in the place of what is being read or written. Steps of a sandbox end with all
 * that they started.
 */
function refuseRacing({ place }: ActionRun, native: NativeAction): void {
  const { trust, job } = place.state.message;
  if (trust === 'trusted' || native.includes('/setup-')) return;
  const isBeside = job.steps.some(
    ({ parallelGroup, workflow }) => parallelGroup !== null || workflow?.background,
  );
  if (job.container === null && !isBeside) return;
  throw new KeepProblem(
    `an untrusted run performs ${native} only in a job without a container whose steps run one after the other`,
  );
}

/** Performs an action without its code. Throws a `KeepProblem` or a `JobProblem`. */
export async function performNative(
  run: ActionRun,
  scope: StepScope,
  place: PartPlace,
  native: NativeAction,
  uses: PlanUses,
): Promise<ActionEnd> {
  if (uses.kind !== 'repository') throw new Error('only actions of repositories have an adapter');
  refuseRacing(run, native);
  const adapter = await ADAPTERS[native]();
  const inputs = readInputs(adapter.inputs, uses.with, () => scope.context(place.environment));
  for (const warning of inputs.warnings) run.say(warning);
  const outputs = await adapter.perform({ run, scope, place, uses, inputs: inputs.values });
  return { cause: null, outputs };
}
