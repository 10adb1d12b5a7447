import { createHash, createHmac } from 'node:crypto';

/** A request as a server received it. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/**
 * Whether a request is signed by the secret, as the documents of AWS say (version 4, for S3): written by them alone, with nothing of what
 * signs. Returns why not, or null. The digest of the content is only what the request says.
 */
export function signatureProblem({ method, url, headers }: SignedRequest, secret: string): string | null {
  const form =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
  const match = form.exec(headers.authorization ?? '');
  if (!match) return 'there is no signature of version 4';
  const [, , date, region, service, signedText, signature] = match;
  const signed = signedText!.split(';');
  const time = headers['x-amz-date'] ?? '';
  const content = headers['x-amz-content-sha256'];
  if (!time.startsWith(date!)) return 'the time is of another day';
  if (content === undefined) return 'the content is not signed';
  for (const name of ['host', 'x-amz-date', 'x-amz-content-sha256'])
    if (!signed.includes(name)) return `${name} is not signed`;
  const [path, query = ''] = url.split('?');
  const canonical = [
    method,
    path,
    canonicalQuery(query),
    ...signed.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    signedText,
    content,
  ].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join(
    '\n',
  );
  const key = [date!, region!, service!, 'aws4_request'].reduce<string | Buffer>(
    (from, word) => createHmac('sha256', from).update(word).digest(),
    `AWS4${secret}`,
  );
  const expected = createHmac('sha256', key).update(toSign).digest('hex');
  return expected === signature ? null : 'the signature does not match';
}

function canonicalQuery(query: string): string {
  const strict = (text: string) =>
    encodeURIComponent(decodeURIComponent(text.replaceAll('+', '%20'))).replace(
      /[!'()*]/g,
      (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const [name, value = ''] = part.split('=');
      return `${strict(name!)}=${strict(value)}`;
    })
    .sort()
    .join('&');
}
