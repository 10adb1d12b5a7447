import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonSchema } from '../src/pipeline/native/json-schema.ts';
import { manual } from '../src/pipeline/native/manual.ts';

/** The generated files and their content. A test compares them with what is in the repository. */
export function languageDocs(): Readonly<Record<string, string>> {
  return {
    'docs/language.md': manual(),
    'docs/sluice.schema.json': `${JSON.stringify(jsonSchema(), null, 1)}\n`,
  };
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..');
  for (const [path, content] of Object.entries(languageDocs())) writeFileSync(join(root, path), content);
}
