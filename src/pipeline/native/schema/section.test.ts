import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type * as z from 'zod';
import { jsonSchema } from '../json-schema.ts';
import { line, load } from '../load.fixture.ts';
import { manual } from '../manual.ts';
import { sourceText } from '../node.ts';
import { Problems } from '../problem.ts';
import { readNode } from '../read.ts';
import { parseYaml } from '../syntax.ts';
import { noteOf } from './key.ts';
import { pipelineSchema } from './pipeline.ts';
import { SECTIONS, type Section } from './section.ts';

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false });
const compiled = new Map<z.ZodType, ValidateFunction>();

/** What the three readers of the schema say of a piece of YAML: the checker, zod itself, and the JSON Schema. */
function judged(schema: z.ZodType, yaml: string): { checker: string[]; zod: boolean; json: boolean } {
  const problems = new Problems('f');
  const tree = parseYaml(sourceText('f', yaml), problems);
  if (tree) readNode(schema, tree, 'it', problems);
  const value: unknown = parse(yaml, { merge: true });
  if (!compiled.has(schema)) compiled.set(schema, ajv.compile(jsonSchema(schema)));
  return {
    checker: problems.list().map(line),
    zod: schema.safeParse(value).success,
    json: compiled.get(schema)!(value),
  };
}

const RIGHT = { checker: [], zod: true, json: true };

interface KeyCase {
  readonly section: Section;
  readonly key: string;
  readonly schema: z.ZodType;
  readonly example: string;
  readonly aliases: readonly string[];
}

const KEYS: KeyCase[] = SECTIONS.flatMap((section) =>
  Object.entries(section.schema.shape).map(([key, schema]) => {
    const note = noteOf(schema);
    return {
      section,
      key,
      schema: schema as z.ZodType,
      example: note.example ?? '',
      aliases: note.aliases ?? [],
    };
  }),
);

describe('the language as schema, checker and manual', () => {
  it('has every mapping of the language as a section', () => {
    const known = new Set(SECTIONS.map(({ schema }) => Object.keys(schema.shape).sort().join()));
    for (const object of objectsIn(pipelineSchema))
      expect(known).toContain(Object.keys(object.shape).sort().join());
  });

  it('describes every key, with an example that has the key', () => {
    for (const { section, key, schema, example } of KEYS) {
      const where = `${section.title}.${key}`;
      expect(noteOf(schema).description, where).toMatch(/^[\S\s]{8,}[.?]$/);
      expect(Object.keys((parse(example, { merge: true }) as object | null) ?? {}), where).toContain(key);
    }
  });

  it.each(KEYS.map((one) => [`${one.section.title}.${one.key}`, one] as const))(
    'agrees that the example of %s is right',
    (_, { section, example }) => {
      expect(judged(section.schema, example)).toEqual(RIGHT);
    },
  );

  it('agrees that a key that does not exist is wrong', () => {
    for (const section of SECTIONS) {
      if (section.title === 'Matrix') continue;
      const verdict = judged(
        section.schema,
        `${KEYS.find((one) => one.section === section)!.example}\nno_such_key: 1`,
      );
      expect(verdict, section.title).toMatchObject({ zod: false, json: false });
      expect(
        verdict.checker.some((one) => one.includes('no key `no_such_key`')),
        section.title,
      ).toBe(true);
    }
  });

  it('agrees that a mapping is a wrong value for what takes text, a number or a truth value', () => {
    for (const { section, key, schema } of KEYS) {
      if (schema.safeParse({}).success || schema.safeParse({ a: 1 }).success) continue;
      const verdict = judged(section.schema, `${key}: {no_such_key: {a: {}}}`);
      expect(verdict.zod, `${section.title}.${key}`).toBe(false);
      expect(verdict.json, `${section.title}.${key}`).toBe(false);
      expect(verdict.checker.length, `${section.title}.${key}`).toBeGreaterThan(0);
    }
  });

  it('takes hyphens and aliases in the checker and in the JSON Schema', () => {
    for (const { section, key, example, aliases } of KEYS) {
      const spellings = [...aliases, ...(key.includes('_') ? [key.replaceAll('_', '-')] : [])];
      for (const spelling of spellings) {
        const { checker, json } = judged(
          section.schema,
          example.replace(new RegExp(`^${key}:`, 'm'), `${spelling}:`),
        );
        expect({ checker, json }, `${section.title}.${spelling}`).toEqual({ checker: [], json: true });
      }
    }
  });

  it('has no key with two meanings', () => {
    for (const { schema, title } of SECTIONS) {
      const names = Object.entries(schema.shape).flatMap(([key, value]) => [
        key,
        ...(noteOf(value as z.ZodType).aliases ?? []),
      ]);
      expect(names.length, title).toBe(new Set(names).size);
    }
  });

  it('writes every key and every example into the manual', () => {
    const text = manual();
    for (const { key, example, section } of KEYS) {
      const chapter = text.slice(text.indexOf(`\n## ${section.title}\n`));
      expect(chapter).toContain(`### \`${key}\``);
      expect(chapter).toContain(`\`\`\`yaml\n${example}\n\`\`\``);
    }
  });

  it('agrees about whole files: the manual and the examples', () => {
    const folder = join(import.meta.dirname, '../../../../examples');
    const files = readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => readFileSync(join(folder, name), 'utf8'));
    const whole = /```yaml\n(# yaml-language-server[\s\S]*?)```/.exec(manual())![1]!;
    const validate = ajv.compile(jsonSchema());
    for (const text of [whole, readFileSync(join(folder, 'service/sluice.yaml'), 'utf8'), ...files]) {
      expect(validate(parse(text, { merge: true })), `${JSON.stringify(validate.errors)}\n${text}`).toBe(
        true,
      );
      expect(load(text).diagnostics.map(line), text).toEqual([]);
    }
  });
});

function objectsIn(schema: z.core.$ZodType, seen = new Set<z.core.$ZodType>()): z.ZodObject[] {
  if (seen.has(schema)) return [];
  seen.add(schema);
  const def = (schema as z.core.$ZodTypes)._zod.def;
  switch (def.type) {
    case 'optional':
      return objectsIn(def.innerType, seen);
    case 'array':
      return objectsIn(def.element, seen);
    case 'record':
      return objectsIn(def.valueType, seen);
    case 'union':
      return def.options.flatMap((option) => objectsIn(option, seen));
    case 'object':
      return [schema as z.ZodObject, ...Object.values(def.shape).flatMap((inner) => objectsIn(inner, seen))];
    default:
      return [];
  }
}
