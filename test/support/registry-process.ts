/** A registry of images that only gives: `registry-process.ts FOLDER PORT`. A file of the folder is a manifest or a blob, by its digest. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import process from 'node:process';

const [folder, port] = process.argv.slice(2) as [string, string];
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

createServer((request, response) => {
  const [, kind, digest] = /\/(manifests|blobs)\/(sha256:[0-9a-f]{64})$/.exec(request.url ?? '') ?? [];
  const file = digest === undefined ? null : join(folder, digest.replace(':', '-'));
  if (file === null || !existsSync(file)) {
    response.writeHead(request.url === '/v2/' ? 200 : 404).end();
    return;
  }
  response.writeHead(200, {
    'content-type': kind === 'manifests' ? MANIFEST : 'application/octet-stream',
    'content-length': statSync(file).size,
    'docker-content-digest': digest,
  });
  if (request.method === 'HEAD') response.end();
  else createReadStream(file).pipe(response);
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));

const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit();
}, 500);
