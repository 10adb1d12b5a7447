import type { Surroundings } from '../../controller/deployment/contract.ts';
import type { DeploymentDefinition } from '../../delivery/definition.ts';
import type { Version } from '../../delivery/plan.ts';
import type { Router } from '../../delivery/router/contract.ts';
import type { Source } from '../../delivery/source/contract.ts';
import { openAlarm, openSource } from '../../delivery/source/open-source.ts';
import type { CommandPlace } from '../../delivery/source/run-command.ts';

/** What a release is judged by here: the service's word goes before the environment's, as in its plan (delivery/strategy/analysis.ts). */
export function openEvidence(
  { service, environment }: DeploymentDefinition,
  context: {
    readonly router: Router | null;
    readonly template: (text: string, version: Version) => string;
    readonly commands: CommandPlace;
  },
): Pick<Surroundings, 'source' | 'checks' | 'alarms'> {
  const definitions = [service.analysis, environment.analysis].filter((one) => one !== null);
  const source = definitions.find((one) => one.source !== null)?.source ?? ({ kind: 'router' } as const);
  const checks: Record<string, Source> = {};
  for (const check of definitions.flatMap((one) => one.checks)) {
    if (check.source === null || check.name in checks) continue;
    const opened = openSource(check.source, { ...context, name: `the check ${check.name}`, asked: 'figure' });
    if (opened) checks[SAMPLES[check.standard ?? ''] ?? check.name] = opened;
  }
  return {
    source: openSource(source, { ...context, name: 'the analysis', asked: 'counts' }),
    checks,
    alarms: definitions.flatMap((one) => one.triggers).map((trigger) => openAlarm(trigger, context)),
  };
}

/** What the samples of standard checks are called in a plan. */
const SAMPLES: Readonly<Record<string, string>> = {
  latency: 'p95',
  health_failures: 'health',
  resources: 'resources',
};
