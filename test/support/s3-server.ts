import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { buffer } from 'node:stream/consumers';
import S3rver, { type StoredPut } from 's3rver';

/** An S3-compatible server on this machine, with one bucket. It takes any secret: s3rver does not check signatures of version 4. */
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
  // Its own answers before the file is written: a reader who comes at once may find the old content, or half of the new one.
  store.putObject = async ({ bucket, key, content, metadata }: StoredPut) => {
    const bytes = Buffer.isBuffer(content) ? content : await buffer(content);
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
