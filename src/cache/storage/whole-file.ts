import { readSync } from 'node:fs';

/** All bytes from the file's position on; `size` is what is expected, more or less may come. */
export function readWhole(file: number, size: number): Buffer {
  // One byte more than expected, so that the end is seen in the first reading.
  let buffer = Buffer.allocUnsafeSlow(size + 1);
  let length = 0;
  for (;;) {
    const count = readSync(file, buffer, length, buffer.length - length, null);
    if (count === 0) return buffer.subarray(0, length);
    length += count;
    if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafeSlow(buffer.length)]);
  }
}
