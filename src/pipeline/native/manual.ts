import type * as z from 'zod';
import { noteOf, type SchemaNote } from './schema/key.ts';
import { SECTIONS, type Section } from './schema/section.ts';

const INTRODUCTION = `# The language

A pipeline is a YAML file in the repository: \`sluice.yaml\`, \`sluice.yml\`, \`pipeline.yaml\`, \`pipeline.yml\`, a file in
\`.sluice/\`, or any other that is named. This chapter is written from the schema that files are checked with; the same
schema is in [sluice.schema.json](sluice.schema.json) for editors:

\`\`\`yaml
# yaml-language-server: $schema=docs/sluice.schema.json
name: main-build
trigger:
  branches: [main, develop]
  events: [push, pull_request]
stages:
  - name: build
    jobs:
      - name: build-python
        commands:
          - uv sync --all-extras
          - uv run ruff check src/
  - name: test
    depends_on: [build]
    jobs:
      - name: unit-tests
        commands: ["uv run pytest -m unit"]
\`\`\`

## Rules for all keys

- Keys are written with underscores; a hyphen may stand for each: \`fail-fast\` is \`fail_fast\`.
- A duration is text such as \`90s\`, \`15m\`, \`1h30m\` or \`2d\`; a plain number is seconds. The longest is 30 days.
- \`\${{ }}\` is GitHub's expression language. It stands in every text that is run, shown or given to a program. \`if\` is one
  expression, with or without \`\${{ }}\`.
- Anchors, aliases and merge keys of YAML work: \`<<: *name\`.
- Numbers that YAML would change are refused: write \`version: "1.10"\`, not \`version: 1.10\`.
- A file has at most 1 MiB, one document, and 32 levels. Tags such as \`!!js/function\` are refused.
- \`sluice.ts\` may export the same definition as a typed object: \`export default pipeline({ ... })\`.
- \`sluice validate\` shows all problems of a file at once.
`;

/** The manual's chapter of the language, as Markdown: every key with what it does and an example. */
export function manual(): string {
  const contents = SECTIONS.map(({ title }) => `- [${title}](#${anchor(title)})`).join('\n');
  return `${INTRODUCTION}\n## Contents\n\n${contents}\n\n${SECTIONS.map(chapter).join('\n')}`;
}

function chapter({ title, text, schema }: Section): string {
  const keys = Object.entries(schema.shape).map(([name, value]) => entry(name, value as z.ZodType));
  const catchall = schema._zod.def.catchall;
  if (catchall && noteOf(catchall).description)
    keys.push(described('any other key', noteOf(catchall), false));
  return `## ${title}\n\n${text}\n\n${keys.join('\n')}`;
}

function entry(name: string, schema: z.ZodType): string {
  const optional = schema._zod.def.type === 'optional';
  const inner = optional ? (schema as z.ZodOptional<z.ZodType>).unwrap() : schema;
  return described(`\`${name}\``, { ...noteOf(inner), ...noteOf(schema) }, !optional);
}

function described(title: string, note: SchemaNote, required: boolean): string {
  const lines = [`### ${title}`, '', note.description ?? ''];
  const facts = [
    required ? 'Required.' : '',
    note.expects ? `Takes ${note.expects}.` : '',
    note.aliases?.length ? `Also written ${note.aliases.map((alias) => `\`${alias}\``).join(', ')}.` : '',
  ].filter((fact) => fact !== '');
  if (facts.length > 0) lines.push('', facts.join(' '));
  lines.push('', '```yaml', note.example ?? '', '```', '');
  return lines.join('\n');
}

function anchor(title: string): string {
  return title.toLowerCase().replaceAll(' ', '-');
}
