import parse from 'spdx-expression-parse';
import type { Component } from '../facts/component.ts';
import { compareText, firstRows, type Measurement, measured, unmeasured } from './measurement.ts';
import type { FactView } from './view.ts';

/**
 * Licences that oblige whoever ships or serves the whole work, or forbid a use of it. Weak ones (LGPL, MPL, EPL) are none of
 * them.
 */
const RESTRICTED =
  /^(A?GPL|SSPL|OSL|EUPL|RPL|CPAL|QPL|Sleepycat|BUSL|Elastic|CC-BY-NC|CC-BY-ND|CC-BY-SA|Commons-Clause|PolyForm|JSON$|LicenseRef-(Commercial|Proprietary))/i;
/** With these, linking does not oblige. */
const LINKING = /classpath|gcc-exception|linking|llvm|bison|autoconf|font-exception/i;

/** Components of which no licence can be chosen that is free of restrictions. */
export function restrictedLicences(view: FactView): Measurement {
  return count(view, (component) => component.licences.some(isRestricted));
}

/** Components whose licence is not known, which does not mean that they are free to use. */
export function unknownLicences(view: FactView): Measurement {
  return count(view, (component) => component.licences.length === 0);
}

function count(view: FactView, counts: (component: Component) => boolean): Measurement {
  const { reports, problem } = view.reportsOf('components');
  if (problem) return problem;
  const { exclusions } = view.filter;
  const components = reports
    .flatMap(({ facts }) => facts.components)
    .filter(
      ({ name, purl }) =>
        !exclusions.some((one) => excludes(one.package, name, purl) && !one.path && !one.rule),
    );
  if (components.length === 0) return unmeasured('empty', 'the bill of materials has no component');
  const found = components.filter(counts);
  const rows = () =>
    firstRows(found, compareComponents, ({ name, version, licences }) => ({
      kind: 'component',
      text: `${name} ${version ?? ''} (${licences.join(', ') || 'no licence known'})`.replace(/ +/g, ' '),
      path: null,
      line: null,
      fingerprint: null,
    }));
  return measured(found.length, components.length, {
    rows,
    wayOut: (limit) =>
      limit.kind === 'at-most' && found.length > limit.value ? `replace ${rows().shown[0]!.text}` : null,
  });
}

function excludes(wanted: string | undefined, name: string, purl: string | null): boolean {
  return wanted !== undefined && (wanted === name || wanted === purl);
}

function compareComponents(a: Component, b: Component): number {
  return (
    compareText(a.name, b.name) ||
    compareText(a.version ?? '', b.version ?? '') ||
    compareText(a.licences.join(), b.licences.join())
  );
}

/** Of `MIT OR GPL-3.0` one may choose MIT; `MIT AND GPL-3.0` binds by both. */
export function isRestricted(licence: string): boolean {
  try {
    return restricts(parse(licence));
  } catch {
    // A name as somebody wrote it: "GNU General Public License v3".
    return (
      RESTRICTED.test(licence) ||
      /\b(affero|general public licen[sc]e)\b/i.test(licence.replace(/lesser general public/i, ''))
    );
  }
}

function restricts(part: ReturnType<typeof parse>): boolean {
  if ('conjunction' in part) {
    const [left, right] = [restricts(part.left), restricts(part.right)];
    return part.conjunction === 'and' ? left || right : left && right;
  }
  return RESTRICTED.test(part.license) && !(part.exception !== undefined && LINKING.test(part.exception));
}
