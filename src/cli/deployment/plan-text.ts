import { formatDuration } from '../../base/duration.ts';
import { counted, visible } from '../../base/text.ts';
import type { DeploymentPlan, PlannedDeployment } from '../../client/deployment/contract.ts';
import { shortDigest } from '../../client/deployment/fold.ts';
import type { Look } from '../look.ts';
import { hanging, row } from '../row.ts';
import { about } from '../time-text.ts';

type Step = DeploymentPlan['steps'][number];

/** A deployment before anything happens: its steps, what decides, when evidence speaks, and the way back. Pure. */
export function planLines(planned: PlannedDeployment, look: Look): string[] {
  const { plan } = planned;
  return [
    ...headLines(planned, look),
    '',
    ...stepList(plan.steps, look),
    '',
    ...decisionLines(plan, look),
    ...foresightLines(plan, look),
    ...admissionLines(planned, look),
    '',
    ...wayBackLines(plan, look),
    ...noteLines(plan, look),
  ];
}

function headLines(planned: PlannedDeployment, look: Look): string[] {
  const { kind, plan, version, stableVersion, definition } = planned;
  const verb = kind === 'rollback' ? 'takes' : 'brings';
  const preposition = kind === 'rollback' ? 'back to' : 'to';
  const goal =
    kind === 'rollback'
      ? `${visible(plan.service)} in ${visible(plan.environment)} ${preposition} ${visible(version)}`
      : `${visible(plan.service)} ${visible(version)} ${preposition} ${visible(plan.environment)}`;
  const over = stableVersion === null ? 'the first release there' : `in place of ${visible(stableVersion)}`;
  const { commit, branch } = definition.source;
  const from = [branch, commit?.slice(0, 7)].filter((one) => one != null).join(' @ ');
  const hosts = plan.steps.flatMap(({ action }) => ('hosts' in action ? action.hosts : []));
  return [
    ...hanging('', `${verb} ${look.paint('bold', goal)}, ${over}`, look.width),
    ...labelled(
      'by',
      `${plan.strategy.replace('_', '-')}, on ${[...new Set(hosts)].map(visible).join(', ')}`,
      look,
    ),
    ...labelled(
      'digest',
      `${shortDigest(definition.release.digest)}${from ? ` (${visible(from)})` : ''}`,
      look,
    ),
    ...releaseLines(planned, look),
    ...labelled(
      'takes',
      `${about(plan.expectedMs)}; at most ${formatDuration(plan.deadlineMs)}, then it goes back`,
      look,
    ),
    ...trafficLines(plan, definition, look),
  ];
}

/** Content that ran there with another configuration is another release now. */
function releaseLines({ plan, definition, differs }: PlannedDeployment, look: Look): string[] {
  if (plan.candidate === definition.release.digest) return [];
  const why =
    differs.length === 0 ? 'started anew' : `configured otherwise: ${differs.map(visible).join(', ')}`;
  return labelled('release', `${shortDigest(plan.candidate)}, ${why}`, look);
}

/** Where users ask, and whom they reach but for the weights. */
function trafficLines(
  { routing }: DeploymentPlan,
  { environment, service }: PlannedDeployment['definition'],
  look: Look,
): string[] {
  const router = environment.router ?? service.router;
  const rules = routing.match.map(
    ({ kind, name, value }) => `${kind} ${visible(name)} = ${visible(value)} to the candidate`,
  );
  const said = [
    ...(router === null ? [] : [router.kind === 'proxy' ? proxyText(router.listen) : router.kind]),
    ...rules,
    ...(routing.sticky ? ['visitors stay on their version'] : []),
  ];
  return said.length === 0 ? [] : labelled('traffic', said.join('; '), look);
}

function proxyText(listen: string): string {
  const where = listen.includes(':')
    ? visible(listen)
    : `port ${visible(listen)} of every address of this machine`;
  return `built-in proxy at ${where}`;
}

const LABEL_WIDTH = 10;

function labelled(label: string, text: string, look: Look): string[] {
  return hanging(look.paint('dim', label.padEnd(LABEL_WIDTH)), text, look.width);
}

function stepList(steps: readonly Step[], look: Look): string[] {
  const width = `${steps.length}`.length;
  return steps.flatMap((step, index) => {
    const number = look.paint('dim', `${index + 1}`.padStart(width));
    const line = row(
      `${number}  ${visible(step.title)}`,
      about(step.expectedMs),
      look.width,
      look.glyphs.ellipsis,
    );
    const { action } = step;
    const indent = ' '.repeat(width + 2);
    const more =
      action.type === 'observe'
        ? hanging(
            indent,
            `at least ${counted(action.sampleMin, 'request')} of the candidate; undecided: ${action.onUndecided}, no data: ${action.onNoData}`,
            look.width,
          ).map((text) => look.paint('dim', text))
        : action.type === 'command' && !step.title.includes(action.run)
          ? hanging(indent, visible(action.run), look.width).map((text) => look.paint('dim', text))
          : [];
    return [line, ...more];
  });
}

function decisionLines({ analysis, healthChecks, wayBack }: DeploymentPlan, look: Look): string[] {
  const checks = healthChecks.map(({ name, kind }) => `${visible(name)} (${kind})`);
  const health = labelled(
    'health',
    checks.length === 0 ? 'that its processes run; no health check is defined' : checks.join(', '),
    look,
  );
  if (analysis === null) return health;
  const { policy, samples, alarms, source, intervalMs } = analysis;
  const triggers = policy.triggers.map(({ name }) => visible(name));
  const shown = samples
    .filter(({ decides }) => !decides)
    .map(({ metric }) => `${visible(metric)} (only shown)`);
  return [
    ...health,
    ...labelled(
      'evidence',
      `of the ${source.kind}, every ${formatDuration(intervalMs)}: ${[...triggers, ...shown].join(', ')}`,
      look,
    ),
    ...(alarms.length === 0
      ? []
      : labelled('alarms', alarms.map(({ name }) => visible(name)).join(', '), look)),
    ...labelled(
      'decides',
      `${wayBack.automatic ? 'harm goes back at once' : 'a person is asked on harm'}; a good release is called harmful in ${Math.round(policy.alpha * 1000) / 10} % of cases at most`,
      look,
    ),
  ];
}

function foresightLines({ foresight, analysis }: DeploymentPlan, look: Look): string[] {
  if (foresight === null)
    return analysis === null ? [] : labelled('verdict', 'when is not known: no traffic was seen yet', look);
  const head = `${foresight.requestsPerSecond.toFixed(1)} requests a second, ${(100 * foresight.baselineRate).toFixed(2)} % of them fail now`;
  const steps = foresight.steps.map(({ candidatePercent, requests, smallestHarm, timeToVerdictMs }) => {
    const finds =
      smallestHarm === null ? 'finds no harm for sure' : `finds ${times(smallestHarm)} as many errors`;
    const when =
      timeToVerdictMs === null
        ? 'never found in half of the cases'
        : `5 % errors found in ${about(timeToVerdictMs)}`;
    return `at ${candidatePercent} %: ${counted(requests, 'request')}, ${finds}; ${when}`;
  });
  return [
    ...labelled('verdict', head, look),
    ...steps.flatMap((text) => hanging(' '.repeat(LABEL_WIDTH), text, look.width)),
  ];
}

function times(factor: number): string {
  return `${factor < 10 ? factor.toFixed(1) : Math.round(factor)} times`;
}

function admissionLines({ plan, gates }: PlannedDeployment, look: Look): string[] {
  const { approvals, approvers, windows, freezes } = plan.admission;
  const who = approvers.length === 0 ? '' : ` of ${approvers.map(visible).join(', ')}`;
  return [
    ...(gates.length === 0 ? [] : labelled('gates', gates.map(({ gate }) => visible(gate)).join(', '), look)),
    ...(approvals === 0
      ? []
      : labelled(
          'approval',
          `${counted(approvals, 'person')}${who} must agree first`.replace('persons', 'people'),
          look,
        )),
    ...(windows.length + freezes.length === 0
      ? []
      : labelled(
          'times',
          `${counted(windows.length, 'window')}, ${counted(freezes.length, 'freeze')}; it waits for its time`,
          look,
        )),
  ];
}

function wayBackLines({ wayBack, stable }: DeploymentPlan, look: Look): string[] {
  const head = look.paint('bold', 'way back');
  if (stable === null && wayBack.cold.steps.length === 0)
    return [`${head}  there is none: nothing served before`];
  const routes = [
    ['the stable version still runs', wayBack.warm],
    [stable === null ? 'the candidate version ends' : 'the stable version was stopped', wayBack.cold],
    ['some hosts keep the candidate version', wayBack.part],
    ['data are taken back', wayBack.data],
  ] as const;
  const lines = routes.flatMap(([when, route]) =>
    route === null || route.steps.length === 0
      ? []
      : [
          row(`  ${when}`, about(route.expectedMs), look.width, look.glyphs.ellipsis),
          ...route.steps.flatMap(({ title, retries, timeoutMs }) =>
            hanging(
              `    ${look.glyphs.dot} `,
              `${visible(title)}${patience(retries, timeoutMs)}`,
              look.width,
            ).map((text) => look.paint('dim', text)),
          ),
        ],
  );
  const how = wayBack.automatic ? 'by itself' : 'when a person says so';
  return [`${head}  ${wayBack.strategy.replace('_', '-')}, ${how}`, ...lines];
}

function patience(retries: number, timeoutMs: number): string {
  const tries = retries === 0 ? '' : `, up to ${retries + 1} tries`;
  return ` (at most ${formatDuration(timeoutMs)}${tries})`;
}

function noteLines({ notes }: DeploymentPlan, look: Look): string[] {
  if (notes.length === 0) return [];
  return [
    '',
    ...notes.flatMap((note) =>
      hanging(`${look.paint('yellow', look.glyphs.warned)} `, visible(note), look.width),
    ),
  ];
}
