import process from 'node:process';
import type { Version } from '../../src/delivery/plan.ts';
import type { Source, Span } from '../../src/delivery/source/contract.ts';
import { openSource, type SourceContext } from '../../src/delivery/source/open-source.ts';
import type { EvidenceSource } from '../../src/pipeline/plan-analysis.ts';

export const SPAN: Span = {
  fromMs: Date.now(),
  toMs: Date.now() + 1,
  candidate: 'new',
  stable: 'old',
  thresholdsMs: null,
  slowMs: {},
  timeoutMs: 1500,
};

/** Knows `deploy.arm` and `deploy.version` only. */
export function fillTemplate(text: string, version: Version): string {
  const values: Readonly<Record<string, string>> = {
    'deploy.arm': version,
    'deploy.version': version === 'candidate' ? 'new' : 'old',
  };
  return text.replace(/\$\{\{\s*(.*?)\s*\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${name} is not known here`);
    return value;
  });
}

export function openTestSource(definition: EvidenceSource, context: Partial<SourceContext> = {}): Source {
  return openSource(definition, {
    name: 'the test',
    asked: 'figure',
    router: null,
    template: fillTemplate,
    commands: { folder: '/', environment: { PATH: process.env.PATH ?? '' } },
    ...context,
  })!;
}
