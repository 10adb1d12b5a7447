import { visible } from '../../base/text.ts';
import type {
  DeploymentSummary,
  EnvironmentCheck,
  EnvironmentView,
  QuarantineView,
} from '../../client/deployment/contract.ts';
import type { Look } from '../look.ts';
import { hanging, row } from '../row.ts';
import { tableLines } from '../table.ts';
import { ago, durationOrNothing } from '../time-text.ts';
import { deploymentGlyph, stateWords } from './outcome.ts';

/** Deployments as a table, newest first. Pure. */
export function listLines(deployments: readonly DeploymentSummary[], look: Look, nowMs: number): string[] {
  return tableLines(
    [
      { heading: '' },
      { heading: 'deployment' },
      { heading: 'service', widthMin: 6 },
      { heading: 'environment', widthMin: 8 },
      { heading: 'version', widthMin: 8 },
      { heading: 'state', widthMin: 8 },
      { heading: 'began' },
      { heading: 'time', right: true },
    ],
    deployments.map((one) => [
      deploymentGlyph(one.outcome, look),
      one.deploymentId,
      visible(one.service),
      visible(one.environment),
      `${one.kind === 'rollback' ? 'back to ' : ''}${visible(one.version)}`,
      stateWords(one, one.orphaned),
      ago(one.requestedAtMs, nowMs),
      durationOrNothing(one.durationMs),
    ]),
    look,
  );
}

/** What serves where, and what a rollback would bring. Pure. */
export function environmentLines(views: readonly EnvironmentView[], look: Look, nowMs: number): string[] {
  return views.flatMap(({ name, type, hosts, services }) => {
    const where = hosts.length === 0 ? 'this machine' : hosts.map(visible).join(', ');
    return [
      row(
        // A name mostly tells the type.
        `${look.paint('bold', visible(name))}${type === name ? '' : `  ${look.paint('dim', type)}`}`,
        look.paint('dim', where),
        look.width,
        look.glyphs.ellipsis,
      ),
      ...(services.length === 0 ? ['  no service may run here'] : []),
      ...services.flatMap((one) => {
        const since = one.sinceMs === null ? '' : ago(one.sinceMs, nowMs);
        const partly = one.partly.length === 0 ? '' : ` on ${one.partly.map(visible).join(', ')} only`;
        const serves =
          one.version === null
            ? look.paint('dim', 'nothing is deployed')
            : `${visible(one.version)}${partly}`;
        return [
          row(
            `  ${visible(one.service)}  ${serves}`,
            look.paint('dim', since),
            look.width,
            look.glyphs.ellipsis,
          ),
          ...(one.going
            ? hanging(
                '    ',
                `${visible(one.going.version)} ${stateWords({ phase: one.going.phase, outcome: null, candidatePercent: 0 })}: ${one.going.deploymentId}`,
                look.width,
              ).map((text) => look.paint('cyan', text))
            : []),
          ...(one.serving === null
            ? []
            : hanging(
                '    ',
                one.back.digest === null
                  ? `no rollback: ${visible(one.back.sentence)}`
                  : `a rollback brings ${visible(one.back.version ?? '')}`,
                look.width,
              ).map((text) => look.paint('dim', text))),
        ];
      }),
    ];
  });
}

/** What the places say of themselves. Pure. */
export function checkLines(checks: readonly EnvironmentCheck[], look: Look): string[] {
  const targets = new Set<string>();
  return checks.flatMap((one) => {
    // How instances are supervised is said once.
    const target = one.target === null || targets.has(one.target) ? null : one.target;
    if (target !== null) targets.add(target);
    const isWell = one.findings.length === 0 && one.health !== 'unhealthy' && one.health !== 'unknown';
    const glyph = isWell ? look.paint('green', look.glyphs.succeeded) : look.paint('red', look.glyphs.failed);
    const serves = one.version === null ? 'nothing is deployed' : `${visible(one.version)}, ${one.health}`;
    return [
      row(
        `${glyph} ${look.paint('bold', `${visible(one.environment)} ${visible(one.service)}`)}  ${serves}`,
        '',
        look.width,
        look.glyphs.ellipsis,
      ),
      ...(target === null
        ? []
        : hanging('    ', visible(target), look.width).map((text) => look.paint('dim', text))),
      ...one.instances.map(({ host, version, address, isRunning, digest }) => {
        const weight = one.weights?.[digest];
        const traffic = weight === undefined ? '' : `, ${weight} % of the traffic`;
        return row(
          `    ${visible(host)}  ${isRunning ? 'runs' : 'does not run'}${traffic}  ${visible(version)}`,
          visible(address ?? ''),
          look.width,
          look.glyphs.ellipsis,
        );
      }),
      ...one.findings.flatMap((text) =>
        hanging(`    ${look.paint('yellow', look.glyphs.warned)} `, visible(text), look.width),
      ),
    ];
  });
}

/** Digests that no environment takes. Pure. */
export function quarantineLines(views: readonly QuarantineView[], look: Look, nowMs: number): string[] {
  return views.flatMap(({ digest, version, service, reason, deploymentId, atMs }) => [
    row(
      `${look.paint('red', look.glyphs.failed)} ${visible(service)} ${visible(version ?? '')}  ${digest.replace(/^sha256:/, '').slice(0, 12)}`,
      ago(atMs, nowMs),
      look.width,
      look.glyphs.ellipsis,
    ),
    ...hanging('    ', `${visible(reason)} (deployment ${deploymentId})`, look.width),
  ]);
}
