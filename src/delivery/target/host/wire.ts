/** Fields of a request; a name may come again. */
export type RequestFields = readonly (readonly [name: string, value: string | Uint8Array])[];

/** One record of an answer. */
export type AnswerRecord = Readonly<Record<string, string>>;

/** A request as host-main.pl reads it: any bytes may be in a value. */
export function encodeRequest(fields: RequestFields): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => {
      const bytes = typeof value === 'string' ? Buffer.from(value) : value;
      return [Buffer.from(`${name} ${bytes.length}\n`), bytes];
    }),
  );
}

/** The complete records of an answer, in order. What was cut off is left out. */
export function decodeAnswer(output: Buffer): AnswerRecord[] {
  const records: AnswerRecord[] = [];
  let fields: [string, string][] = [];
  for (let from = 0; ; ) {
    const end = output.indexOf(0, from);
    if (end < 0) return records;
    const field = output.toString('utf8', from, end);
    from = end + 1;
    if (field === '') {
      records.push(Object.fromEntries(fields));
      fields = [];
      continue;
    }
    const equals = field.indexOf('=');
    fields.push([field.slice(0, equals), field.slice(equals + 1)]);
  }
}
