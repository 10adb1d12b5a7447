import { formatDuration } from '../../base/duration.ts';
import { counted, visible } from '../../base/text.ts';
import type { DeploymentDesign } from './deployment.ts';
import type { DesignDocument } from './document.ts';

const UNKNOWN = 'not measured yet';

/** A design as Markdown, in the order in which people read such documents. */
export function designMarkdown(design: DesignDocument): string {
  const parts = [
    `# Pipeline design: ${inline(design.pipeline)}`,
    summaryPart(design),
    `## Architecture\n\n\`\`\`mermaid\n${design.diagram}\n\`\`\``,
    ...design.stages.map(stagePart),
    deploymentPart(design.deployments),
    gatePart(design),
    deliveryPart(design),
    `## Next steps\n\n${design.next.map((step, index) => `${index + 1}. ${step}`).join('\n') || 'Nothing is missing.'}`,
  ];
  return `${parts.join('\n\n')}\n`;
}

function summaryPart({ summary, file }: DesignDocument): string {
  const { platform, triggers, stages, jobs, parallel, expectedMs, runs } = summary;
  const rate =
    runs.runs === 0 ? UNKNOWN : `${percent(runs.succeeded / runs.runs)} of ${counted(runs.runs, 'run')}`;
  return list([
    ['Platform', `${platform} (${inline(file)})`],
    ['Trigger', triggers.map(inline).join('; ')],
    ['Stages', `${counted(stages, 'stage')}, ${counted(jobs, 'job')}, at most ${parallel} at the same time`],
    ['Expected duration', expectedMs === null ? UNKNOWN : formatDuration(expectedMs)],
    [
      'Median duration',
      runs.medianMs === null ? UNKNOWN : `${formatDuration(runs.medianMs)} (last ${runs.days} days)`,
    ],
    ['Success rate', `${rate} (last ${runs.days} days)`],
  ]);
}

function stagePart({ name, dependsOn, jobs }: DesignDocument['stages'][number], index: number): string {
  const after = dependsOn.length > 0 ? `After ${dependsOn.map(inline).join(', ')}.\n\n` : '';
  const lines = jobs.map(({ id, cells, durationMs, steps }) => {
    const facts = [
      ...(cells !== null && cells > 1 ? [counted(cells, 'combination')] : []),
      ...(cells === null ? ['combinations known when it runs'] : []),
      ...(durationMs === null ? [] : [formatDuration(durationMs)]),
    ];
    const head = `- **${inline(id)}**${facts.length > 0 ? ` (${facts.join(', ')})` : ''}`;
    return [head, ...steps.map((step) => `  - ${inline(step)}`)].join('\n');
  });
  return `### Stage ${index + 1}: ${inline(name)}\n\n${after}${lines.join('\n') || 'No jobs.'}`;
}

function deploymentPart(deployments: readonly DeploymentDesign[]): string {
  if (deployments.length === 0) return '## Deployment strategy\n\nThis pipeline deploys nothing.';
  const parts = deployments.map((one) => {
    const { rollback } = one;
    const who = one.chosenBy === null ? 'the default' : `chosen by ${one.chosenBy}`;
    const limit =
      rollback.timeoutMs === null ? '' : `; each step at most ${formatDuration(rollback.timeoutMs)}`;
    return `### ${inline(one.environment)}\n\n${list([
      ['Strategy', `${one.strategy} (${who}): ${one.course}`],
      ['Risk', one.risk],
      ['Downtime', one.downtime],
      ['Infrastructure', one.cost],
      ['Goes back by itself', rollback.automatic ? rollback.triggers.join('; ') : 'no'],
      ['Goes back by hand', `\`${visible(rollback.command).replaceAll('`', '')}\``],
      ['Time to go back', `\`sluice rehearse\` measures it${limit}`],
    ])}`;
  });
  return ['## Deployment strategy', ...parts].join('\n\n');
}

function gatePart({ gates, approvals }: DesignDocument): string {
  const rows = gates.map(
    ({ gate, where, threshold, automation, blocking }) =>
      `| ${cell(gate)} | ${cell(where)} | ${cell(threshold)} | ${automation} | ${blocking ? 'yes' : 'no'} |`,
  );
  const table =
    rows.length === 0
      ? 'No gates.'
      : ['| Gate | Where | Threshold | Automation | Blocking |', '|---|---|---|---|---|', ...rows].join('\n');
  const people = approvals.length > 0 ? `\n\nApprovals: ${approvals.map(inline).join('; ')}.` : '';
  return `## Quality gates\n\n${table}${people}`;
}

function deliveryPart({ delivery }: DesignDocument): string {
  const { days, deployments, perDay, rolledBack } = delivery;
  return `## Delivery\n\nProduction in the last ${days} days: ${counted(deployments, 'deployment')}.\n\n${list(
    [
      ['Deployment frequency', perDay === null ? UNKNOWN : `${perDay.toFixed(2)} a day`],
      ['Deployments that went back', rolledBack === null ? UNKNOWN : percent(rolledBack)],
    ],
  )}`;
}

function list(rows: readonly (readonly [name: string, value: string])[]): string {
  return rows.map(([name, value]) => `- **${name}**: ${value}`).join('\n');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share === 1 ? 0 : 1)} %`;
}

/** Names of the pipeline's may be anything; here they are text in one line. */
function inline(text: string): string {
  return visible(text).replace(/[\\`*_<>[\]|]/g, '\\$&');
}

function cell(text: string): string {
  return inline(text).replaceAll('\n', ' ');
}
