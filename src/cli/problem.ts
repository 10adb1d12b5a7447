import { type Diagnostic, UserError } from '../base/diagnostic.ts';
import { visible } from '../base/text.ts';
import { withoutUserinfo } from '../base/userinfo.ts';
import { EXIT } from './context.ts';
import type { Look } from './look.ts';
import type { Sources } from './ports.ts';
import { hanging } from './row.ts';

/** What an error means for a person, and the exit code. Never a stack trace. */
export function explain(error: unknown): {
  readonly diagnostics: readonly Diagnostic[];
  readonly code: number;
} {
  if (error instanceof UserError) return { diagnostics: error.diagnostics, code: error.exitCode };
  const message = error instanceof Error ? error.message : String(error);
  const diagnostic: Diagnostic = {
    severity: 'error',
    code: 'internal',
    message: `Sluice itself could not go on: ${message}`,
    suggestion:
      'look at this machine with sluice doctor; when it happens again, report the command and this line',
  };
  return { diagnostics: [diagnostic], code: EXIT.unable };
}

/** Problems as lines: what is wrong and the way out; with the place and an excerpt where they are of a file. */
export async function problemLines(
  diagnostics: readonly Diagnostic[],
  look: Look,
  sources: Sources | null,
): Promise<string[]> {
  if (!diagnostics.some((diagnostic) => diagnostic.place)) {
    return diagnostics.flatMap((diagnostic) => plainLines(diagnostic, look));
  }
  const { printDiagnostics } = await import('../base/diagnostic-printer.ts');
  const text = printDiagnostics(diagnostics, (file) => textOf(file, sources), look);
  return [text.trimEnd()];
}

function textOf(file: string, sources: Sources | null): string | null {
  const content = sources?.read(file) ?? null;
  // An excerpt shows no password, whatever is said about its line.
  return content === null || 'refused' in content ? null : withoutUserinfo(new TextDecoder().decode(content));
}

function plainLines(diagnostic: Diagnostic, look: Look): string[] {
  const isError = diagnostic.severity === 'error';
  const kind = look.paint(isError ? ['red', 'bold'] : ['yellow', 'bold'], `${diagnostic.severity}:`);
  const said = hanging(`${kind} `, visible(diagnostic.message), look.width);
  return diagnostic.suggestion
    ? [...said, ...hanging('  ', visible(diagnostic.suggestion), look.width)]
    : said;
}
