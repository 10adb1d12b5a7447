import { CERTAIN, ReportError, type ReportParser } from './contract.ts';
import { openJsonForm } from './json-form.ts';
import { type JsonRecord, list, record, tallies, tally, text } from './value.ts';

/** SPDX 2 bills of materials as JSON. The licence is the concluded one, or else the declared one. */
export const spdx: ReportParser = {
  kind: 'spdx',
  title: 'SPDX 2 JSON bill of materials',
  infer: ({ json, jsonKeys }) => (json === 'object' && jsonKeys.has('spdxVersion') ? CERTAIN : 0),
  open: (sink) =>
    openJsonForm(sink, (doubts) => {
      const purposes = tallies();
      let version: string | null = null;
      let [packages, withPurl, withLicence, relationships] = [0, 0, 0, 0];
      return {
        what: 'an SPDX bill of materials',
        needs: ['spdxVersion'],
        skip: ['files', 'snippets', 'annotations', 'hasExtractedLicensingInfos'],
        lists: {
          'packages/*': (one) => {
            const component = componentIn(one);
            packages++;
            if (component.purl !== null) withPurl++;
            if (component.licences.length > 0) withLicence++;
            tally(purposes, component.type);
            sink.component(component);
          },
          'relationships/*': () => {
            relationships++;
          },
        },
        values: {
          spdxVersion: (value) => {
            version = checkedVersion(value);
          },
          creationInfo: (value) => {
            for (const creator of list(record(value).creators)) {
              const tool = /^Tool: *(.+?)(?:-(\d[\w.+-]*))?$/.exec(text(creator) ?? '');
              if (tool) sink.tool(tool[1]!, tool[2] ?? null);
            }
          },
        },
        figures: () => {
          if (packages === 0) doubts.add('empty', 'the bill of materials is empty');
          return {
            spdxVersion: version,
            packages,
            packages_with_purl: withPurl,
            packages_with_licence: withLicence,
            relationships,
            purposes: { ...purposes },
          };
        },
      };
    }),
};

function checkedVersion(value: unknown): string {
  if (typeof value === 'string' && /^SPDX-2\.\d/.test(value)) return value;
  throw new ReportError(
    'report-version',
    `it is ${JSON.stringify(value)?.slice(0, 40)}, and only SPDX 2 is known`,
    {
      pointer: '/spdxVersion',
    },
  );
}

function componentIn(one: JsonRecord) {
  const purl = list(one.externalRefs)
    .map(record)
    .find(({ referenceType }) => referenceType === 'purl');
  const licence = [one.licenseConcluded, one.licenseDeclared].map(text).find(isLicence);
  return {
    name: text(one.name) ?? '',
    version: text(one.versionInfo),
    purl: text(purl?.referenceLocator),
    type: (text(one.primaryPackagePurpose) ?? 'unknown').toLowerCase(),
    licences: licence ? [licence] : [],
  };
}

/** `NOASSERTION` and `NONE` say that no licence is known, which is not "free to use". */
function isLicence(licence: string | null): boolean {
  return licence !== null && licence !== 'NOASSERTION' && licence !== 'NONE';
}
