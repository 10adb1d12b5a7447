/** Ends every exhaustive switch: a value here means a union grew and this place was not told. */
export function unreachable(value: never, belief: string): never {
  throw new Error(`internal error: ${belief}: ${JSON.stringify(value)}`);
}
