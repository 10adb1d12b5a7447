import { join } from 'node:path';
import ts from 'typescript';

const FLAGS =
  ts.TypeFormatFlags.NoTruncation |
  ts.TypeFormatFlags.InTypeAlias |
  ts.TypeFormatFlags.MultilineObjectLiterals |
  ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope;

/**
 * The declaration file of typed pipelines for the release. The definition's type is computed from the schemas, whose
 * library is inside the bundle and cannot be imported there: so the type is written out in full.
 * Throws when it still leans on a name from elsewhere.
 */
export function typedDeclaration(root: string, file: string): string {
  const tsconfig = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config;
  const { options } = ts.parseJsonConfigFileContent(tsconfig, ts.sys, root);
  const program = ts.createProgram([join(root, file)], options);
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(join(root, file))!)!;
  const exported = checker.getExportsOfModule(module).find((symbol) => symbol.name === 'PipelineDefinition')!;
  const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
  const type = checker.getDeclaredTypeOfSymbol(isAlias ? checker.getAliasedSymbol(exported) : exported);
  // TypeScript cannot say "every other key is an axis": named keys must fit the index signature too.
  const definition = checker
    .typeToString(type, undefined, FLAGS)
    .replaceAll(/\[x: string\]: string \| JSONType\[\];/g, '[x: string]: unknown;');
  const text = [
    'type JSONType = string | number | boolean | null | JSONType[] | { [key: string]: JSONType };',
    '/** What a pipeline file may hold; the manual of the language explains each key. */',
    `export type PipelineDefinition = ${definition};`,
    '/** Gives the definition back as it is, checked by the compiler: `export default pipeline({ ... })` in `sluice.ts`. */',
    'export declare function pipeline(definition: PipelineDefinition): PipelineDefinition;',
    '',
  ].join('\n');
  const problems = problemsOf(text);
  if (problems.length > 0)
    throw new Error(`the type of typed pipelines cannot be written out: ${problems.join('; ')}`);
  return text;
}

/** What the compiler says of a declaration file that stands alone. */
function problemsOf(text: string): string[] {
  const name = 'typed.d.ts';
  const host = ts.createCompilerHost({});
  const { getSourceFile } = host;
  host.getSourceFile = (file, version, ...rest) =>
    file === name
      ? ts.createSourceFile(file, text, version)
      : getSourceFile.call(host, file, version, ...rest);
  const program = ts.createProgram([name], { strict: true, types: [], noEmit: true }, host);
  return program
    .getSemanticDiagnostics(program.getSourceFile(name))
    .map((problem) => ts.flattenDiagnosticMessageText(problem.messageText, ' '));
}
