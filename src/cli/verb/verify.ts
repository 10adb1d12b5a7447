import { counted, visible } from '../../base/text.ts';
import { defaultPolicy } from '../../gate/policy/production.ts';
import { verifyPlan } from '../../gate/verify.ts';
import { type Context, EXIT } from '../context.ts';
import { loadAsked } from '../pipeline-source.ts';
import { hanging } from '../row.ts';

/**
 * `sluice verify [name]`: proves that every path to production passes the gates and the approval that the default policy of a
 * production environment demands, or names the path that does not.
 */
export async function perform(context: Context, [name]: readonly string[]): Promise<number> {
  const plan = await loadAsked(context, await context.ports.repository(null), name);
  const start = { line: 1, column: 1 };
  const proof = verifyPlan(plan, defaultPolicy({ file: plan.file, start, end: start }));
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
    context.print(hanging('', `nothing in ${visible(plan.file)} deploys to production`, look.width));
  return proof.ok ? EXIT.done : EXIT.failed;
}
