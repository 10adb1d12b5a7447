import type { Diagnostic } from '../../base/diagnostic.ts';
import { digestOf } from '../../base/digest.ts';
import { canonicalJson } from '../../base/json.ts';
import { visible } from '../../base/text.ts';
import type { DeploymentDefinition, ReleaseOrigin } from '../../delivery/definition.ts';
import type { DeploymentPlan } from '../../delivery/plan.ts';
import type { EnvironmentDefinition } from '../../pipeline/plan-environment.ts';
import type { PlannedDeployment } from './contract.ts';
import { shortDigest, withNames } from './fold.ts';
import { distinct, type KnownDeployment, versionsOf } from './past.ts';

/** What goes with a compiled plan. */
export interface Beside {
  readonly kind: 'release' | 'rollback';
  readonly definition: DeploymentDefinition;
  readonly history: readonly KnownDeployment[];
  readonly problems: readonly Diagnostic[];
  readonly gates: PlannedDeployment['gates'];
  readonly differs: PlannedDeployment['differs'];
  /** What the places said that a person should know. */
  readonly findings: readonly string[];
  readonly reason: string | null;
  readonly supersede: boolean;
  readonly condemned: string | null;
}

/** A compiled plan as faces get it: with what people call its digests, and why it may not begin. */
export function planned(compiled: DeploymentPlan, beside: Beside): PlannedDeployment {
  const { kind, definition, history, gates, differs, findings, reason, supersede, condemned } = beside;
  const versions = versionsOf(history);
  const { version } = definition.release;
  versions.set(compiled.candidate, version);
  const refusals = compiled.refusals.map((sentence) =>
    refusal(named(sentence, history, versions), definition.environment),
  );
  return {
    kind,
    plan: { ...compiled, notes: [...compiled.notes, ...findings] },
    definition,
    version,
    stableVersion:
      compiled.stable === null
        ? null
        : (distinct(versions).get(compiled.stable) ?? shortDigest(compiled.stable)),
    differs,
    problems: [...beside.problems, ...refusals],
    gates,
    policy: digestOf(canonicalJson(definition.environment.protection)),
    reason,
    supersede,
    condemned,
  };
}

/** A sentence of the core says what to do behind its last semicolon. */
export function refusal(sentence: string, { place }: Pick<EnvironmentDefinition, 'place'>): Diagnostic {
  const cut = sentence.lastIndexOf('; ');
  const message = cut < 0 ? sentence : sentence.slice(0, cut);
  const way = cut < 0 ? {} : { suggestion: sentence.slice(cut + 2) };
  return { severity: 'error', code: 'deploy-refused', message, place, ...way };
}

/** A sentence with its digests as people know them. */
export function named(
  sentence: string,
  history: readonly KnownDeployment[],
  versions: ReadonlyMap<string, string> = versionsOf(history),
): string {
  return withNames(sentence, (digest) => {
    const name = versions.get(digest);
    return name === undefined || name === shortDigest(digest)
      ? shortDigest(digest)
      : `${visible(name)} (${shortDigest(digest)})`;
  });
}

/** The problem of a release whose content is gone. */
export function notWhole(origin: ReleaseOrigin): Diagnostic {
  return {
    severity: 'error',
    code: 'release-gone',
    message: `the content of ${visible(origin.version)} (${shortDigest(origin.digest)}) is not kept any more`,
    suggestion: 'build it again: sluice run',
  };
}
