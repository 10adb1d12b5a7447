import { resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Diagnostic, Place } from '../../base/diagnostic.ts';
import { UserError, userError } from '../../base/diagnostic.ts';
import { visible } from '../../base/text.ts';
import { doubtsOnly } from '../../gate/facts/doubts-only.ts';
import type { Doubt } from '../../gate/facts/facts.ts';
import { nearestKind, parserOf } from '../../gate/report/choose.ts';
import { type Figures, ReportError, type ReportParser } from '../../gate/report/contract.ts';
import { PARSERS } from '../../gate/report/parsers.ts';
import { readReport } from '../../gate/report/read-report.ts';
import { type Context, EXIT } from '../context.ts';
import { figureLines } from '../figures.ts';

interface ReadFile {
  readonly file: string;
  readonly kind: string;
  readonly figures: Figures;
}

/** `sluice facts FILE...`: what the reports say, in numbers. What is no report is told and makes the exit code 1. */
export async function perform(
  context: Context,
  files: readonly string[],
  options: { readonly kind?: string },
): Promise<number> {
  const parser = options.kind === undefined ? null : chosenParser(options.kind);
  const read: ReadFile[] = [];
  let isAllRead = true;
  for (const file of files) {
    const diagnostics: Diagnostic[] = [];
    const one = await readOne(context, file, parser, diagnostics);
    if (one) read.push(one);
    if (one && !context.json) context.print(figureLines(one.file, one.kind, one.figures, context.look));
    if (diagnostics.some((diagnostic) => diagnostic.severity === 'error')) isAllRead = false;
    if (diagnostics.length > 0) await context.tell(diagnostics);
  }
  if (context.json) context.printJson(read);
  return isAllRead ? EXIT.done : EXIT.failed;
}

function chosenParser(kind: string): ReportParser {
  const parser = parserOf(kind);
  if (parser) return parser;
  const near = nearestKind(kind);
  const all = PARSERS.map((one) => one.kind).join(', ');
  throw userError(
    'report-kind-unknown',
    `there is no kind of report ${kind}`,
    near ? `perhaps --kind ${near}; there are ${all}` : `there are ${all}`,
  );
}

async function readOne(
  context: Context,
  file: string,
  parser: ReportParser | null,
  diagnostics: Diagnostic[],
): Promise<ReadFile | null> {
  const sink = doubtsOnly((doubt) => diagnostics.push(doubtText(file, doubt)));
  try {
    const chunks = context.ports.files.chunks(resolve(context.ports.cwd, file));
    const { kind, figures } = await readReport(file, chunks, parser, sink, turn);
    return { file, kind, figures };
  } catch (error) {
    if (error instanceof UserError) diagnostics.push(...error.diagnostics);
    else if (error instanceof ReportError) {
      diagnostics.push(errorText(file, error));
      // The tool's own word that it failed is its report, and no pass.
      if (error.code === 'report-tool-error' && error.figures) {
        return { file, kind: error.kind ?? '', figures: error.figures };
      }
    } else throw error;
    return null;
  }
}

function errorText(file: string, error: ReportError): Diagnostic {
  return {
    severity: 'error',
    code: error.code,
    message: `${file}: ${error.message}${pointerText(error.pointer)}`,
    ...(error.line !== null && { place: placeOf(file, error.line, error.column ?? 1) }),
    ...(error.suggestion !== null && { suggestion: error.suggestion }),
  };
}

function doubtText(file: string, doubt: Doubt): Diagnostic {
  return {
    severity: 'warning',
    code: `doubt-${doubt.code}`,
    message: `${file}: ${doubt.message}${pointerText(doubt.pointer)}`,
    ...(doubt.line !== null && { place: placeOf(file, doubt.line, 1) }),
  };
}

function pointerText(pointer: string | null): string {
  return pointer ? ` (at ${pointer})` : '';
}

function placeOf(file: string, line: number, column: number): Place {
  return { file: visible(file), start: { line, column }, end: { line, column } };
}
