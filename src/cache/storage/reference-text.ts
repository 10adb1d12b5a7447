import { digestOf } from '../../base/digest.ts';
import { canonicalJson, type JsonObject } from '../../base/json.ts';
import { BlobDamageError } from '../contract.ts';

/** A record as it is stored: its checksum, a line's end, its JSON text. The name is part of the checksum, so that a record cannot pass for another. */
export function referenceText(name: string, record: JsonObject): string {
  const json = canonicalJson(record);
  return `${digestOf(`${name}\n${json}`)}\n${json}`;
}

/** The record in a stored text. Throws `BlobDamageError` when it is not what was written under the name. */
export function referenceRecord(name: string, text: string, where: string): JsonObject {
  const [checksum, json] = [text.slice(0, 64), text.slice(65)];
  if (text[64] !== '\n' || checksum !== digestOf(`${name}\n${json}`)) {
    throw new BlobDamageError(
      `The record "${name}" in ${where} is damaged: it is not what was written.`,
      null,
    );
  }
  return JSON.parse(json);
}
