import { type Diagnostic, UserError } from '../base/diagnostic.ts';
import { visible } from '../base/text.ts';
import { EXIT } from './context.ts';
import type { Look } from './look.ts';
import type { Sources } from './ports.ts';

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

/** Problems as lines: place, what is wrong, an excerpt where the file is known, and the way out. */
export async function problemLines(
  diagnostics: readonly Diagnostic[],
  look: Look,
  _sources: Sources | null,
): Promise<string[]> {
  return diagnostics.flatMap((diagnostic) => lines(diagnostic, look));
}

function lines(diagnostic: Diagnostic, look: Look): string[] {
  const { place } = diagnostic;
  const where = place ? `${visible(place.file)}:${place.start.line}:${place.start.column}: ` : '';
  const kind = look.paint(
    diagnostic.severity === 'error' ? ['red', 'bold'] : 'yellow',
    `${diagnostic.severity}:`,
  );
  const said = [`${where}${kind} ${visible(diagnostic.message)}`];
  if (diagnostic.suggestion) said.push(`  ${visible(diagnostic.suggestion)}`);
  return said;
}
