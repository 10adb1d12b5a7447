import { Worker } from 'node:worker_threads';
import type { Damage } from '../contract.ts';

/** Runs in the worker; plain text, so that a bundle needs no second file. */
const PROGRAM = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { DatabaseSync } = require('node:sqlite');
  try {
    const database = new DatabaseSync(workerData, { readOnly: true, timeout: 30000 });
    const rows = database.prepare('pragma integrity_check').all();
    database.close();
    parentPort.postMessage(rows.map((row) => row.integrity_check).filter((line) => line !== 'ok'));
  } catch (error) {
    parentPort.postMessage([error.message]);
  }
`;

/** SQLite's own check of the file, indexes against tables included. It reads everything at once, so it has a thread of its own. */
export function integrityCheck(file: string): Promise<readonly Damage[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(PROGRAM, { eval: true, workerData: file });
    worker.once('error', reject);
    worker.once('message', (lines: readonly string[]) => {
      const sentence = (line: string) =>
        `the store ${file} is damaged (${line}); restore the store from a backup`;
      resolve(lines.map((line) => ({ stream: null, sequence: null, sentence: sentence(line) })));
    });
  });
}
