import { UserError, userError } from '../base/diagnostic.ts';
import type { JsonObject } from '../base/json.ts';
import { refProblem } from '../base/ref-name.ts';
import { counted, visible } from '../base/text.ts';
import type { RunSource } from '../journal/run-event.ts';
import type { Plan } from '../pipeline/plan.ts';
import { pullRequestOf } from '../pipeline/pull-request.ts';
import { untrustedRefusals } from '../pipeline/restrict.ts';
import type { Forecast } from '../pipeline/view/forecast.ts';
import type { Context } from './context.ts';
import type { Look } from './look.ts';
import { hanging } from './row.ts';
import { baseLabel } from './shown.ts';

/**
 * The source of an untrusted run: exactly the commit, so that nothing else that lies in the folder reaches it, and the base
 * whose pipeline it follows. `base`: what the user named; null: the base of the payload. Throws `UserError`.
 */
export async function untrustedSource(
  context: Context,
  source: RunSource,
  given: { readonly base: string | null; readonly payload: JsonObject; readonly reason: string | null },
): Promise<RunSource> {
  const because = `the run is untrusted: ${given.reason}`;
  if (source.commit === null) {
    throw userError(
      'untrusted-source',
      `${because}; such a run takes exactly a commit, and there is none here`,
      'run it in a git repository',
    );
  }
  const base = await baseOf(context, given, `${because}; it reads its pipeline from the base`);
  if (source.dirty) context.note('files that are not committed are left out, because the run is untrusted');
  return { ...source, mode: 'commit', dirty: false, base: { ...base, protectedPaths: [] } };
}

/** The branch that a change goes to: as it was named, or as the payload says. `because`: why it is asked for. Throws `UserError`. */
export async function baseOf(
  context: Context,
  { base, payload }: { readonly base: string | null; readonly payload: JsonObject },
  because: string,
): Promise<{ readonly ref: string; readonly commit: string }> {
  if (base !== null) return { ref: base, commit: await commitOf(context, base) };
  const pull = pullRequestOf(payload);
  const ref = pull?.baseRef ?? null;
  const problem = ref === null ? null : refProblem(ref);
  if (problem) throw userError('bad-payload', `the base in the payload, ${JSON.stringify(ref)}, ${problem}`);
  const commit = pull?.baseCommit ?? null;
  const names = [
    ...(commit !== null && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(commit) ? [commit] : []),
    ...(ref === null ? [] : [`refs/remotes/origin/${ref}`, `refs/heads/${ref}`]),
  ];
  for (const name of names) {
    const found = await commitOf(context, name).catch(unknown);
    if (found !== null) return { ref: ref ?? name, commit: found };
  }
  throw userError(
    'untrusted-base',
    names.length === 0
      ? `${because}, and no base is given`
      : `${because}, and git has none of ${names.join(', ')}`,
    names.length === 0 ? 'name the base: --base main' : `fetch it, or name another: --base ${ref ?? 'main'}`,
  );
}

async function commitOf(context: Context, name: string): Promise<string> {
  const { commit } = await context.ports.repository(name);
  if (commit === null) throw userError('commit-unknown', `git knows no commit ${visible(name)}`);
  return commit;
}

/** Only that git does not know it; a git that cannot be asked is another matter. */
function unknown(error: unknown): null {
  if (error instanceof UserError && error.diagnostics.some(({ code }) => code === 'commit-unknown'))
    return null;
  throw error;
}

/** For `plan`: that the run would be untrusted, why, under which pipeline, and which jobs it would refuse. */
export function untrustedLines(
  plan: Plan,
  forecast: Forecast,
  source: RunSource,
  reason: string | null,
  look: Look,
): string[] {
  const jobs = forecast.stages.flatMap((stage) => stage.jobs);
  const skipped = new Set(jobs.filter(({ outlook }) => outlook.kind === 'skipped').map(({ id }) => id));
  const refused = plan.jobs.flatMap((job) => (skipped.has(job.id) ? [] : untrustedRefusals(job)));
  const base = source.base ? `; the pipeline is that of ${baseLabel(source.base)}` : '';
  const mark = `${look.paint('yellow', look.glyphs.warned)} `;
  return [
    ...hanging(mark, `untrusted: ${visible(reason ?? '')}${base}`, look.width),
    ...refused.flatMap(({ message, place }) =>
      hanging('  ', `${visible(place.file)}:${place.start.line}: ${visible(message)}`, look.width),
    ),
    ...(refused.length > 0 ? [`  ${counted(refused.length, 'refusal')} in all`] : []),
  ];
}
