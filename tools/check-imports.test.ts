import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkFile } from './import-rules.ts';
import { GROUPS, IMPORT_TABLE, importTableMarkdown } from './import-table.ts';

function rulesBroken(file: string, text: string): string[] {
  return checkFile(file, text).map((problem) => `${problem.line}: ${problem.rule}`);
}

describe('import table', () => {
  it('is the one that ARCHITECTURE.md shows', () => {
    const page = readFileSync(new URL('../ARCHITECTURE.md', import.meta.url), 'utf8');
    expect(page).toContain(importTableMarkdown());
  });

  it('names each room once and groups only rooms that exist in it', () => {
    const rooms = IMPORT_TABLE.flatMap((row) => row.rooms);
    expect(new Set(rooms).size).toBe(rooms.length);
    for (const [group, members] of Object.entries(GROUPS)) {
      const layer = Number(group.replace('layer ', ''));
      const inLayer = IMPORT_TABLE.filter((row) => row.layer === layer).flatMap((row) => row.rooms);
      expect([...members].sort()).toEqual(inLayer.sort());
    }
  });

  it('lets no room import a higher layer', () => {
    const layerOf = (room: string) =>
      IMPORT_TABLE.find((row) => row.rooms.includes(room))?.layer ?? Number.NaN;
    for (const row of IMPORT_TABLE) {
      for (const name of Object.keys(row.may)) {
        for (const room of GROUPS[name] ?? [name]) expect(layerOf(room)).toBeLessThanOrEqual(row.layer);
      }
    }
  });

  it('has pure rooms in layers 0 and 1 and nowhere else', () => {
    for (const row of IMPORT_TABLE) expect(row.pure).toBe(row.layer <= 1);
  });

  it('is written about contract files that exist', () => {
    expect(existsSync(new URL('../src/client/run-view.ts', import.meta.url))).toBe(true);
  });
});

describe('check-imports: layers', () => {
  it('accepts what the table allows', () => {
    expect(
      rulesBroken('src/engine/decide.ts', "import { unreachable } from '../base/unreachable.ts';"),
    ).toEqual([]);
    expect(rulesBroken('src/engine/decide.ts', "import { expand } from '../pipeline/matrix.ts';")).toEqual(
      [],
    );
    expect(
      rulesBroken('src/store/sqlite/open.ts', "import type { Plan } from '../../pipeline/plan.ts';"),
    ).toEqual([]);
    expect(rulesBroken('src/runner/run.ts', "import type { E } from '../executor/contract.ts';")).toEqual([]);
  });

  it('refuses a room of a higher layer, with line, rule and way out', () => {
    const text = "import { a } from './a.ts';\nimport { write } from '../store/sqlite/write.ts';\n";
    expect(checkFile('src/engine/decide.ts', text)).toEqual([
      {
        file: 'src/engine/decide.ts',
        line: 2,
        rule: 'engine may not import store',
        wayOut:
          'engine may import: layer 0, pipeline, gate; take what you need as a parameter and let src/main.ts join the two',
      },
    ]);
  });

  it('refuses one adapter in another', () => {
    expect(
      rulesBroken('src/executor/process/spawn.ts', "import type { S } from '../../store/contract.ts';"),
    ).toEqual(['1: executor may not import store']);
  });

  it('refuses runner and controller in each other, but for the contract of the runner', () => {
    expect(rulesBroken('src/controller/drive.ts', "import { run } from '../runner/run.ts';")).toEqual([
      '1: of runner, controller may import only contract.ts, log/paths.ts, log/reader.ts',
    ]);
    expect(rulesBroken('src/controller/drive.ts', "import type { R } from '../runner/contract.ts';")).toEqual(
      [],
    );
    expect(rulesBroken('src/runner/run.ts', "import type { D } from '../controller/drive.ts';")).toEqual([
      '1: runner may not import controller',
    ]);
  });

  it('refuses an implementation where only the contract is allowed', () => {
    expect(rulesBroken('src/controller/drive.ts', "import { open } from '../store/sqlite/open.ts';")).toEqual(
      ['1: of store, controller may import only contract.ts'],
    );
    expect(rulesBroken('src/cli/show.ts', "import { fold } from '../client/run-view.ts';")).toEqual([]);
    expect(rulesBroken('src/cli/show.ts', "import { local } from '../client/local.ts';")).toEqual([
      '1: of client, cli may import only contract.ts, run-view.ts, fold-run.ts, deployment/contract.ts, deployment/view.ts, deployment/fold.ts, deployment/story.ts, gate/contract.ts',
    ]);
  });

  it('refuses a value where only types are allowed', () => {
    const rule = '1: store may import only types of pipeline';
    const file = 'src/store/memory/memory.ts';
    expect(rulesBroken(file, "import { parse } from '../../pipeline/plan.ts';")).toEqual([rule]);
    expect(rulesBroken(file, "import '../../pipeline/plan.ts';")).toEqual([rule]);
    expect(rulesBroken(file, "import { type Plan } from '../../pipeline/plan.ts';")).toEqual([]);
    expect(rulesBroken(file, "type P = import('../../pipeline/plan.ts').Plan;")).toEqual([]);
  });

  it('sees re-exports and dynamic imports', () => {
    expect(rulesBroken('src/base/text.ts', "export { a } from '../cli/a.ts';")).toEqual([
      '1: base may not import cli',
    ]);
    expect(rulesBroken('src/base/text.ts', "const a = await import('../cli/a.ts');")).toEqual([
      '1: base may not import cli',
    ]);
  });

  it('treats a nested room as a room of its own', () => {
    expect(rulesBroken('src/delivery/plan.ts', "import { p } from './router/proxy.ts';")).toEqual([
      '1: delivery may not import delivery/router',
    ]);
    expect(rulesBroken('src/delivery/strategy/canary.ts', "import { p } from '../plan.ts';")).toEqual([]);
  });

  it('refuses what is outside src/ and a folder that is no room', () => {
    expect(rulesBroken('src/base/text.ts', "import { a } from '../../test/support/a.ts';")).toEqual([
      '1: src/ never imports what is outside of it (test/support/a.ts)',
    ]);
    expect(rulesBroken('src/helpers/a.ts', '')).toEqual([
      '1: every file under src/ belongs to a room of the import table',
    ]);
  });

  it('leaves tests and main.ts free', () => {
    expect(rulesBroken('src/base/text.test.ts', "import { a } from '../cli/a.ts';")).toEqual([]);
    expect(rulesBroken('src/main.ts', "import { a } from './cli/a.ts';")).toEqual([]);
  });
});

describe('check-imports: purity', () => {
  const pure = (text: string) => rulesBroken('src/engine/decide.ts', text);

  it.each([
    ["import { readFileSync } from 'node:fs';", 'an import of node:fs'],
    ["import { spawn } from 'node:child_process';", 'an import of node:child_process'],
    ["import net from 'node:net';", 'an import of node:net'],
    ["import { setTimeout } from 'node:timers';", 'an import of node:timers'],
    ["import { randomUUID } from 'node:crypto';", 'chance or an effect (randomUUID of node:crypto)'],
    ["import crypto from 'node:crypto';", 'an import of node:crypto'],
    ['const a = Date.now();', 'a clock'],
    ['const a = new Date();', 'a clock'],
    ['const now = Date.now;', 'a clock'],
    ['const a = performance.now();', 'a clock'],
    ['const a = Math.random();', 'chance'],
    ['const a = crypto.randomUUID();', 'chance'],
    ['setTimeout(() => {}, 1);', 'a timer'],
    ['const a = { start: setInterval };', 'a timer'],
    ["fetch('http://localhost');", 'a socket'],
    ['const a = process.env.HOME;', 'the process (its environment, folder or streams)'],
    ["console.log('a');", 'output'],
  ])('refuses %s', (text, what) => {
    expect(pure(text)).toEqual([`1: engine is pure, this is ${what}`]);
  });

  it.each([
    "import { hash, createHash } from 'node:crypto';",
    "import type { Stats } from 'node:fs';",
    "import { posix } from 'node:path';",
    'const a = new Date(0);',
    '// Date.now() in a comment',
    "const a = 'Math.random()';",
    'const a = event.process;',
    'function f(process: { id: number }) { return process.id; }',
    'interface A { process: string; fetch(): void }',
    'const a = { console: 1 };',
  ])('accepts %s', (text) => {
    expect(pure(text)).toEqual([]);
  });

  it('asks it only of pure rooms', () => {
    expect(rulesBroken('src/runner/run.ts', "import fs from 'node:fs'; Date.now();")).toEqual([]);
  });
});
