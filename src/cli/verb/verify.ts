import { userError } from '../../base/diagnostic.ts';
import { nearestName } from '../../base/near.ts';
import { counted, visible } from '../../base/text.ts';
import { defaultPolicy } from '../../gate/policy/production.ts';
import { verifyEnvironment, verifyPlan } from '../../gate/verify.ts';
import type { Plan } from '../../pipeline/plan.ts';
import type { EnvironmentDefinition } from '../../pipeline/plan-environment.ts';
import { type Context, EXIT } from '../context.ts';
import { loadAsked } from '../pipeline-source.ts';
import { hanging } from '../row.ts';

/**
 * `sluice verify [name]`: proves that every path to production passes the gates and the approval that the default policy of a
 * production environment demands, or names the path that does not. With `--environment` it asks for what that one demands itself.
 */
export async function perform(
  context: Context,
  [name]: readonly string[],
  { environment }: { readonly environment?: string },
): Promise<number> {
  const plan = await loadAsked(context, await context.ports.repository(null), name);
  const start = { line: 1, column: 1 };
  const proof =
    environment === undefined
      ? verifyPlan(plan, defaultPolicy({ file: plan.file, start, end: start }))
      : verifyEnvironment(plan, chosenEnvironment(plan, environment));
  if (context.json) {
    context.printJson(proof);
    return proof.ok ? EXIT.done : EXIT.failed;
  }
  const { look } = context;
  if (!proof.ok) await context.tell(proof.problems);
  for (const { environment, job, gates, approvedBy } of proof.paths) {
    const text = `${visible(job)} reaches ${visible(environment)} only through ${counted(Object.keys(gates).length, 'gate')}, approved at ${visible(approvedBy)}`;
    context.print(hanging(`${look.paint('green', look.glyphs.succeeded)} `, text, look.width));
    for (const [gate, where] of Object.entries(gates))
      context.print(hanging('    ', `${visible(gate)}: ${visible(where)}`, look.width));
  }
  if (proof.ok && proof.paths.length === 0)
    context.print(
      hanging(
        '',
        `nothing in ${visible(plan.file)} deploys to ${visible(environment ?? 'production')}`,
        look.width,
      ),
    );
  return proof.ok ? EXIT.done : EXIT.failed;
}

function chosenEnvironment({ environments, file }: Plan, name: string): EnvironmentDefinition {
  const found = environments.find((one) => one.name === name);
  if (found) return found;
  const names = environments.map((one) => one.name);
  const near = nearestName(name, names);
  throw userError(
    'environment-unknown',
    `${visible(file)} knows no environment ${visible(name)}`,
    near
      ? `did you mean ${near}?`
      : names.length > 0
        ? `there are ${names.map(visible).join(', ')}`
        : 'define it under `environments`',
  );
}
