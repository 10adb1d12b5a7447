/**
 * A version's backend: `router-backend-process.ts VERSION LEDGER [PORT]`. Answers each request with its version, after 2 ms, and
 * writes the name of each POST into the ledger before it answers. Prints its port. Ends with its parent.
 */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';

const [version = '', ledger = '', port = '0'] = process.argv.slice(2);

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    if (request.method === 'POST') appendFileSync(ledger, `${request.url}\n`);
    setTimeout(() => response.end(version), 2);
  });
});
server.listen(Number(port), '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.stdin.on('end', () => process.exit()).resume();
