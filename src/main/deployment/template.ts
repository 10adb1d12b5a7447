import { userError } from '../../base/diagnostic.ts';
import type { JsonObject } from '../../base/json.ts';
import type { DeploymentDefinition } from '../../delivery/definition.ts';
import { evaluateTemplate } from '../../pipeline/expression.ts';

/** One of the two versions of a deployment, as templates tell it. */
export interface TemplateVersion {
  readonly arm: 'new' | 'old';
  /** How it was defined when it was brought. */
  readonly definition: DeploymentDefinition;
  /** The version before it; null: there was none. */
  readonly previous: string | null;
}

/**
 * A text of a deployment with its `${{ }}` filled in. `instance`: what is known of one instance, for `deploy.host` and `deploy.port`. Throws a
 * `UserError` for what cannot be evaluated.
 */
export function fillTemplate(
  text: string,
  { arm, definition, previous }: TemplateVersion,
  secrets: Readonly<Record<string, string>>,
  instance: { readonly host: string | null; readonly port: number | null },
): string {
  const { environment, service, release, source, variables } = definition;
  const deploy: JsonObject = {
    environment: environment.name,
    type: environment.type,
    service: service.name,
    version: release.version,
    digest: release.digest,
    commit: source.commit,
    artifact: release.name,
    previous,
    arm,
    host: instance.host,
    port: instance.port,
  };
  const filled = evaluateTemplate(text, {
    git: {
      branch: source.branch,
      sha: source.commit,
      short_sha: source.commit?.slice(0, 7) ?? null,
      repository: source.repository,
    },
    event: {},
    run: {},
    pipeline: {},
    inputs: {},
    vars: variables,
    deploy,
    secrets,
    status: { failed: false, cancelled: false, skippedNeed: false },
  });
  if (filled.ok) return filled.value;
  throw userError(
    'bad-template',
    `a text of ${service.name} in ${environment.name}: ${filled.message}`,
    'correct it in the pipeline file',
  );
}
