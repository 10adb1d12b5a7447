import { AwsClient } from 'aws4fetch';
import { StorageError } from '../../contract.ts';
import { type Answer, type CallerOptions, call, sentence, storedObject } from './caller.ts';
import type { ObjectBody, ObjectEntry, ObjectService } from './object-service.ts';

export interface S3Options extends Omit<CallerOptions, 'name'> {
  /** Such as `https://s3.eu-central-1.amazonaws.com`. */
  readonly endpoint: URL;
  readonly region: string;
  readonly bucket: string;
  /** What all keys begin with: empty, or ending in `/`. */
  readonly prefix: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string | undefined;
  };
}

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** Objects of an S3-compatible server, with addresses of the form ENDPOINT/BUCKET/KEY, which all of them understand. */
export function s3Service(options: S3Options): ObjectService {
  const { endpoint, bucket, prefix, region } = options;
  const name = `the bucket ${bucket} at ${endpoint.host}`;
  const client = new AwsClient({ ...options.credentials, region, service: 's3', retries: 0 });
  const base = `${endpoint.origin}${endpoint.pathname.replace(/\/$/, '')}/${bucket}`;

  const ask = (method: string, path: string, body?: ObjectBody): Promise<Answer> =>
    call(
      async () => {
        const headers: Record<string, string> = { 'X-Amz-Content-Sha256': body?.sha256 ?? EMPTY_SHA256 };
        if (body !== undefined) headers['Content-Type'] = 'application/octet-stream';
        const datetime = new Date(options.clock.now()).toISOString().replace(/[:-]|\.\d{3}/g, '');
        return client.sign(`${base}${path}`, { method, headers, body: body?.content, aws: { datetime } });
      },
      body?.bytes ?? 0,
      { ...options, name },
    );
  const pathOf = (key: string) => `/${prefix}${key}`;
  /** The answer when it is good, null when the object is not there. */
  const judged = (answer: Answer): Answer | null => {
    if (answer.status >= 200 && answer.status < 300) return answer;
    const code = xmlText(bodyText(answer), 'Code');
    if (answer.status === 404 && code !== 'NoSuchBucket') return null;
    throw failure(answer, code, name, region);
  };

  return {
    name,
    async get(key) {
      const answer = judged(await ask('GET', pathOf(key)));
      return answer === null ? null : storedObject(answer);
    },
    async put(key, body) {
      const answer = await ask('PUT', pathOf(key), body);
      if (judged(answer) === null) throw failure(answer, 'NoSuchBucket', name, region);
    },
    async head(key) {
      const answer = judged(await ask('HEAD', pathOf(key)));
      return answer === null ? null : (answer.bytes ?? 0);
    },
    async remove(key) {
      judged(await ask('DELETE', pathOf(key)));
    },
    async *list(keyPrefix) {
      for (let token: string | null = null; ; ) {
        const query = new URLSearchParams({ 'list-type': '2', prefix: `${prefix}${keyPrefix}` });
        if (token !== null) query.set('continuation-token', token);
        const answer = await ask('GET', `?${query}`);
        if (judged(answer) === null) throw failure(answer, 'NoSuchBucket', name, region);
        const text = bodyText(answer);
        for (const entry of entriesOf(text)) yield { ...entry, key: entry.key.slice(prefix.length) };
        token = xmlText(text, 'NextContinuationToken');
        if (token === null) return;
      }
    },
  };
}

function failure(answer: Answer, code: string | null, name: string, region: string): StorageError {
  const { status } = answer;
  const said = code === null ? `status ${status}` : `${code}, status ${status}`;
  const owner = sentence(name);
  const actual = answer.headers.get('x-amz-bucket-region') ?? xmlText(bodyText(answer), 'Region');
  if (code === 'NoSuchBucket' || status === 404) {
    return new StorageError('missing', `${owner} is not there (${said}). Create it, or correct its name.`);
  }
  if ((actual !== null && actual !== region) || (status >= 300 && status < 400)) {
    const right = actual === null ? 'Set the region or endpoint' : `Set region=${actual}`;
    return new StorageError(
      'setting',
      `${owner} is not in the region ${region} (${said}). ${right} in its address.`,
    );
  }
  if (code === 'RequestTimeTooSkewed') {
    return new StorageError('denied', `${owner} refuses this machine's clock (${said}). Set the clock.`);
  }
  if (status === 401 || status === 403) {
    return new StorageError(
      'denied',
      `${owner} refuses these credentials (${said}). Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that they may read, write, list and delete there.`,
    );
  }
  if (status === 507 || status === 413) {
    return new StorageError('full', `${owner} takes no more (${said}). Free space there.`);
  }
  return new StorageError('refused', `${owner} refuses what was asked (${said}).`);
}

const bodyText = ({ body }: Answer) => (body === null ? '' : Buffer.from(body).toString());

function entriesOf(text: string): ObjectEntry[] {
  return [...text.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)].map(([, entry]) => ({
    key: xmlText(entry!, 'Key') ?? '',
    bytes: Number(xmlText(entry!, 'Size') ?? 0),
    changedAtMs: Date.parse(xmlText(entry!, 'LastModified') ?? ''),
  }));
}

/** The text of the first element of this name. The answers are flat, and our keys need no escapes but what a server may add. */
function xmlText(text: string, element: string): string | null {
  const found = new RegExp(`<${element}>([^<]*)</${element}>`).exec(text)?.[1];
  if (found === undefined) return null;
  return found
    .replace(/&#x([0-9a-f]+);/gi, (_, digits) => String.fromCodePoint(Number.parseInt(digits, 16)))
    .replace(/&#(\d+);/g, (_, digits) => String.fromCodePoint(Number(digits)))
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&apos;/g, "'")
    .replace(/&amp;/g, '&');
}
