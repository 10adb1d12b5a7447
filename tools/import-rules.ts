import { posix } from 'node:path';
import ts from 'typescript';
import { CONTRACT_FILES, GROUPS, IMPORT_TABLE, JOINING_ROOMS, type Reach } from './import-table.ts';
import { findImpurities } from './purity.ts';

/** A broken rule, as it is shown: where, which rule, what to do. */
export interface Problem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly rule: string;
  readonly wayOut: string;
}

/**
 * Holds one source file to the import table.
 * `file` is its path from the repository's root with forward slashes (`src/engine/decide.ts`); tests are free.
 */
export function checkFile(file: string, text: string): Problem[] {
  if (/\.(test|bench)\.ts$/.test(file)) return [];
  const room = roomOf(file);
  if (room === null) {
    return [
      {
        file,
        line: 1,
        rule: 'every file under src/ belongs to a room of the import table',
        wayOut: 'move it into a room, or add its folder to tools/import-table.ts and ARCHITECTURE.md',
      },
    ];
  }
  if (JOINING_ROOMS.includes(room)) return [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const problems = importsOf(source).flatMap((found) => checkImport(file, room, found));
  if (rowOf(room)?.pure) {
    for (const { line, what, wayOut } of findImpurities(source)) {
      problems.push({ file, line, rule: `${room} is pure, this is ${what}`, wayOut });
    }
  }
  return problems.sort((a, b) => a.line - b.line);
}

interface FoundImport {
  readonly specifier: string;
  readonly line: number;
  readonly typesOnly: boolean;
}

/** The deepest room of the table that holds this file, or null. */
function roomOf(file: string): string | null {
  const inner = /^src\/(.+)$/.exec(file)?.[1];
  if (inner === undefined) return null;
  const known = [...JOINING_ROOMS, ...IMPORT_TABLE.flatMap((row) => row.rooms)];
  const holding = known.filter((room) => inner.startsWith(`${room}/`) || inner === `${room}.ts`);
  return holding.sort((a, b) => b.length - a.length)[0] ?? null;
}

function rowOf(room: string) {
  return IMPORT_TABLE.find((row) => row.rooms.includes(room));
}

function checkImport(file: string, room: string, found: FoundImport): Problem[] {
  if (!found.specifier.startsWith('.')) return [];
  const target = posix.join(posix.dirname(file), found.specifier);
  const problem = (rule: string, wayOut: string): Problem[] => [{ file, line: found.line, rule, wayOut }];
  if (!target.startsWith('src/')) {
    if (target === 'package.json') return [];
    return problem(
      `src/ never imports what is outside of it (${target})`,
      'move what both need into src/base',
    );
  }
  const targetRoom = roomOf(target);
  if (targetRoom === room || targetRoom === null) return [];
  const reach = reachOf(room, targetRoom);
  if (reach === null) {
    return problem(
      `${room} may not import ${targetRoom}`,
      `${room} may import: ${allowedText(room)}; take what you need as a parameter and let src/main.ts join the two`,
    );
  }
  if (reach === 'all') return [];
  if (reach === 'types') {
    return found.typesOnly
      ? []
      : problem(
          `${room} may import only types of ${targetRoom}`,
          'write `import type`, or take the value as a parameter',
        );
  }
  const files = reach === 'contract' ? (CONTRACT_FILES[targetRoom] ?? ['contract.ts']) : reach;
  const inRoom = target.slice(`src/${targetRoom}/`.length);
  if (files.some((pattern) => matches(pattern, inRoom))) return [];
  return problem(
    `of ${targetRoom}, ${room} may import only ${files.join(', ')}`,
    'add what is missing to the contract, or take the implementation as a parameter from src/main.ts',
  );
}

/** How much of `targetRoom` may `room` see; null: nothing. A room's own entry wins over its group's. */
function reachOf(room: string, targetRoom: string): Reach | null {
  const may = rowOf(room)?.may ?? {};
  if (may[targetRoom] !== undefined) return may[targetRoom];
  const group = Object.keys(GROUPS).find((name) => GROUPS[name]?.includes(targetRoom));
  return (group === undefined ? undefined : may[group]) ?? null;
}

function allowedText(room: string): string {
  return Object.keys(rowOf(room)?.may ?? {}).join(', ') || 'nothing of ours';
}

function matches(pattern: string, file: string): boolean {
  const [before = '', after] = pattern.split('*');
  return after === undefined ? file === pattern : file.startsWith(before) && file.endsWith(after);
}

/** All static, dynamic and type imports and re-exports of a file. */
function importsOf(source: ts.SourceFile): FoundImport[] {
  const found: FoundImport[] = [];
  const add = (specifier: ts.Node | undefined, typesOnly: boolean) => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const line = source.getLineAndCharacterOfPosition(specifier.getStart()).line + 1;
    found.push({ specifier: specifier.text, line, typesOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypesOnly(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isTypesOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const named = clause.namedBindings;
  if (clause.name !== undefined || named === undefined || !ts.isNamedImports(named)) return false;
  return named.elements.length > 0 && named.elements.every((element) => element.isTypeOnly);
}
