import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { buffer } from 'node:stream/consumers';
import S3rver, { type StoredPut } from 's3rver';
import { digestOf } from '../../src/base/digest.ts';
import { signatureProblem } from './aws-signature.ts';

const SECRET = 'S3RVER';

/**
 * An S3-compatible server on this machine, with one bucket and the key and secret `S3RVER`. s3rver itself checks no signatures of version 4;
 * here they are, and that contents are what was signed.
 */
export async function startS3Server(
  directory: string,
  bucket: string,
): Promise<{ readonly endpoint: string; readonly close: () => Promise<void> }> {
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    configureBuckets: [{ name: bucket }],
  });
  const { store } = server;
  const signed = new Map<string, string>();
  server.middleware.unshift(async (context, next) => {
    const { method, url, headers } = context.req;
    const one = headers as Readonly<Record<string, string | undefined>>;
    const problem = signatureProblem({ method: method!, url: url!, headers: one }, SECRET);
    if (problem !== null) return refuse(context, 'SignatureDoesNotMatch', problem);
    if (method === 'PUT') signed.set(decodeURIComponent(url!), one['x-amz-content-sha256']!);
    return next();
  });
  // Its own answers before the file is written: a reader who comes at once may find the old content, or half of the new one.
  store.putObject = async ({ bucket, key, content, metadata }: StoredPut) => {
    const bytes = Buffer.isBuffer(content) ? content : await buffer(content);
    if (digestOf(bytes) !== signed.get(`/${bucket}/${key}`))
      throw new Error('the content is not what was signed');
    const path = store.getResourcePath(bucket, key, 'object');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    const md5 = createHash('md5').update(bytes).digest('hex');
    await store.putMetadata(bucket, key, metadata, md5);
    return { size: bytes.length, md5 };
  };
  const { port } = await server.run();
  return { endpoint: `http://127.0.0.1:${port}`, close: () => server.close() };
}

function refuse(context: { status: number; body: string }, code: string, message: string): void {
  context.status = 403;
  context.body = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
}
