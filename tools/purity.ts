import ts from 'typescript';

export interface Impurity {
  /** From 1. */
  readonly line: number;
  readonly what: string;
  readonly wayOut: string;
}

/** Built-in modules that compute and touch nothing. Of node:crypto only what gives the same answer each time. */
const PURE_MODULES = new Set(['node:path', 'node:path/posix', 'node:util', 'node:assert', 'node:buffer']);
const PURE_CRYPTO = new Set(['hash', 'createHash', 'createHmac', 'timingSafeEqual']);

const CLOCK_WAY_OUT = 'take the time as a parameter (`nowMs`)';
const ACT_WAY_OUT = 'return a command or take the content as a parameter; a room of layer 2 or 4 acts';

/** Globals that read or change the world -> what they are and what to do. */
const IMPURE_GLOBALS: ReadonlyMap<string, readonly [what: string, wayOut: string]> = new Map([
  ['setTimeout', ['a timer', 'return a command that sets a durable timer']],
  ['setInterval', ['a timer', 'return a command that sets a durable timer']],
  ['setImmediate', ['a timer', 'return a command that sets a durable timer']],
  ['fetch', ['a socket', ACT_WAY_OUT]],
  ['process', ['the process (its environment, folder or streams)', 'take what you need as a parameter']],
  ['performance', ['a clock', CLOCK_WAY_OUT]],
  ['console', ['output', 'return the text']],
]);

const IMPURE_MEMBERS: ReadonlyMap<string, readonly [what: string, wayOut: string]> = new Map([
  ['Date.now', ['a clock', CLOCK_WAY_OUT]],
  ['Math.random', ['chance', 'take a `Random` (base/port.ts) or a seed as a parameter']],
  ['crypto.randomUUID', ['chance', 'take an id or a `Random` (base/port.ts) as a parameter']],
  ['crypto.getRandomValues', ['chance', 'take a `Random` (base/port.ts) as a parameter']],
]);

/** Every place of a file where it would read a clock, chance, the process, a file or a socket. */
export function findImpurities(source: ts.SourceFile): Impurity[] {
  const found: Impurity[] = [];
  const declared = declaredNames(source);
  const add = (node: ts.Node, what: string, wayOut: string) => {
    found.push({ line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1, what, wayOut });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) checkImport(node, add);
    else if (ts.isNewExpression(node) || ts.isCallExpression(node)) checkDate(node, add);
    else if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const impure = IMPURE_MEMBERS.get(`${node.expression.text}.${node.name.text}`);
      if (impure && !declared.has(node.expression.text)) add(node, ...impure);
    }
    if (ts.isIdentifier(node) && isUse(node) && !declared.has(node.text)) {
      const impure = IMPURE_GLOBALS.get(node.text);
      if (impure) add(node, ...impure);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

type Add = (node: ts.Node, what: string, wayOut: string) => void;

function checkImport(node: ts.ImportDeclaration, add: Add): void {
  if (
    !ts.isStringLiteral(node.moduleSpecifier) ||
    node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
  )
    return;
  const module = node.moduleSpecifier.text;
  if (!module.startsWith('node:') || PURE_MODULES.has(module)) return;
  const named = node.importClause?.namedBindings;
  if (module === 'node:crypto' && named && ts.isNamedImports(named)) {
    const impure = named.elements.filter((each) => !PURE_CRYPTO.has((each.propertyName ?? each.name).text));
    for (const each of impure) {
      add(
        each,
        `chance or an effect (${each.getText()} of node:crypto)`,
        'only hashing is pure; take the rest as a parameter',
      );
    }
    return;
  }
  add(node, `an import of ${module}`, ACT_WAY_OUT);
}

/** `new Date()` and `Date()` read the clock; `new Date(ms)` does not. */
function checkDate(node: ts.NewExpression | ts.CallExpression, add: Add): void {
  if (!ts.isIdentifier(node.expression) || node.expression.text !== 'Date') return;
  if (ts.isCallExpression(node) || (node.arguments?.length ?? 0) === 0) add(node, 'a clock', CLOCK_WAY_OUT);
}

/** Names that the file itself declares and that therefore are not the global of that name. */
function declaredNames(source: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    const declares =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isBindingElement(node) ||
      ts.isImportSpecifier(node);
    if (declares && node.name && ts.isIdentifier(node.name)) names.add(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

/** Whether an identifier is read as a value here, and not a property's or a type's name. */
function isUse(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isTypeNode(parent) || ts.isTypeElement(parent) || ts.isQualifiedName(parent)) return false;
  return !ts.isMethodDeclaration(parent) && !ts.isPropertyDeclaration(parent);
}
