/*
 * The index of a log: fixed-size records of three 64-bit floats, little endian. Whole numbers up to 2^53 are exact in them,
 * and they are read and written as an array without any conversion.
 */

/** Numbers in a record: byte offset, number of the line that holds this byte (from 1), arrival in ms since 1970. */
export const RECORD_NUMBERS = 3;
export const RECORD_BYTES = RECORD_NUMBERS * Float64Array.BYTES_PER_ELEMENT;

export interface IndexRecord {
  readonly offset: number;
  readonly line: number;
  readonly atMs: number;
}

/** The records of an index file. A last record that a crash cut off is left out. */
export function readRecords(bytes: Uint8Array): IndexRecord[] {
  const count = Math.floor(bytes.length / RECORD_BYTES);
  const numbers = new Float64Array(new Uint8Array(bytes.subarray(0, count * RECORD_BYTES)).buffer);
  return Array.from({ length: count }, (_, i) => ({
    offset: numbers[i * RECORD_NUMBERS]!,
    line: numbers[i * RECORD_NUMBERS + 1]!,
    atMs: numbers[i * RECORD_NUMBERS + 2]!,
  }));
}
