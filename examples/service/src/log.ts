/** Writes one line of JSON for each thing that happens. */
export type Log = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

export const logToOutput: Log = (message, fields = {}) => {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), message, ...fields })}\n`);
};
