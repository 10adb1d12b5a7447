/** A position in a text file. Both numbers count from 1; a column counts UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where something stands: a file as the user would name it and the range in it. `end` is exclusive. */
export interface Place {
  readonly file: string;
  readonly start: Position;
  readonly end: Position;
}

/**
 * One problem, told completely: where, what, and the way out.
 * `code` is stable and documented; `message` is one sentence without a full stop; `suggestion` says what to type instead.
 */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly place?: Place;
  readonly related?: readonly { readonly message: string; readonly place: Place }[];
  readonly suggestion?: string;
}

/** Either a value (with the warnings met on the way) or all the problems at once. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** A failure a person can act on, thrown across a layer where returning it would be lost. Faces print it without a stack. */
export class UserError extends Error {
  readonly diagnostics: readonly Diagnostic[];
  /** 2: the command or file was wrong; 3: Sluice itself could not. */
  readonly exitCode: 2 | 3;

  constructor(diagnostics: readonly Diagnostic[] | Diagnostic, exitCode: 2 | 3 = 2) {
    const all = Array.isArray(diagnostics)
      ? (diagnostics as readonly Diagnostic[])
      : [diagnostics as Diagnostic];
    super(all.map((diagnostic) => diagnostic.message).join('; '));
    this.name = 'UserError';
    this.diagnostics = all;
    this.exitCode = exitCode;
  }
}

/** Shorthand for the common case of one error without a place. */
export function userError(
  code: string,
  message: string,
  suggestion?: string,
  exitCode: 2 | 3 = 2,
): UserError {
  return new UserError({ severity: 'error', code, message, suggestion }, exitCode);
}
