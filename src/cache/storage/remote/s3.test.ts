import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bytesContent, storageContract } from '../../../../test/contract/blob.contract.ts';
import { signatureProblem } from '../../../../test/support/aws-signature.ts';
import { remoteRig } from '../../../../test/support/remote-rig.ts';
import { startS3Server } from '../../../../test/support/s3-server.ts';
import { machineClock } from '../../../machine/clock.ts';
import { machineRandom } from '../../../machine/random.ts';
import type { StorageError } from '../../contract.ts';
import { openStorage } from '../open-storage.ts';
import { s3Service } from './s3.ts';

const owners = { self: 'test:1', alive: () => true };
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' };

describe('S3 storage', () => {
  let directory: string;
  let server: Awaited<ReturnType<typeof startS3Server>>;
  let endpoint: string;
  let count = 0;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-s3-'));
    server = await startS3Server(directory, 'sluice-test');
    ({ endpoint } = server);
  });

  afterAll(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });

  const options = (environment: Record<string, string>) => ({
    clock: machineClock,
    random: machineRandom,
    owners,
    environment,
    scratch: join(directory, 'scratch'),
  });
  const open = (address: string, environment: Record<string, string> = CREDENTIALS) =>
    openStorage(address, options(environment));

  storageContract(async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'sluice-scratch-'));
    count += 1;
    const service = s3Service({
      endpoint: new URL(endpoint),
      region: 'us-east-1',
      bucket: 'sluice-test',
      prefix: `team/${count}/`,
      credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER', sessionToken: undefined },
      clock: machineClock,
      random: machineRandom,
    });
    return remoteRig(service, { clock: machineClock, owners, scratch }, async () =>
      rmSync(scratch, { recursive: true }),
    );
  });

  it('signs names with every character that they may have', async () => {
    const storage = await open(`s3://sluice-test/a-b_c.d/e~f?endpoint=${endpoint}`);
    const names = ['a-b_c.d~e/1', 'cache/x~y', 'reports/-/_'];
    for (const name of names) await storage.references.write(name, { name });
    for (const name of names) expect(await storage.references.read(name)).toEqual({ name });
    expect(await storage.references.list('')).toEqual(names.toSorted().reverse());
    await storage.close();
  });

  it('names the bucket and the way out when it is not there, and when the key is not known', async () => {
    const cases = [
      { bucket: 'no-such-bucket', environment: CREDENTIALS, code: 'missing', text: 'NoSuchBucket' },
      {
        bucket: 'sluice-test',
        environment: { ...CREDENTIALS, AWS_ACCESS_KEY_ID: 'nobody-key' },
        code: 'denied',
        text: 'AWS_ACCESS_KEY_ID',
      },
      {
        bucket: 'sluice-test',
        environment: { ...CREDENTIALS, AWS_SECRET_ACCESS_KEY: 'nobody-key' },
        code: 'denied',
        text: 'AWS_SECRET_ACCESS_KEY',
      },
    ] as const;
    for (const { bucket, environment, code, text } of cases) {
      const storage = await open(`s3://${bucket}/x?endpoint=${endpoint}`, environment);
      for (const action of [
        () => storage.references.write('a', {}),
        () => storage.blobs.put(bytesContent('x')),
        () => storage.references.list(''),
      ]) {
        const error: StorageError = await action().then(
          () => expect.fail('it was taken'),
          (reason) => reason,
        );
        expect(error).toMatchObject({ code });
        expect(error.message).toContain(text);
        expect(error.message).toContain(`bucket ${bucket}`);
        expect(error.message).not.toMatch(/nobody-key|S3RVER/);
      }
    }
  });

  describe('beside a server that answers as told', () => {
    let answers: { status: number; headers?: Record<string, string>; body?: string }[];
    let asked: string[] = [];
    const scripted = createServer((request, response) => {
      request.resume();
      asked.push(request.url!);
      const { status, headers, body } = answers.shift() ?? { status: 200 };
      response.writeHead(status, headers);
      response.end(request.method === 'HEAD' ? undefined : body);
    });
    beforeAll(() => new Promise<void>((resolve) => scripted.listen(0, '127.0.0.1', resolve)));
    afterAll(() => new Promise((resolve) => scripted.close(resolve)));
    afterEach(() => scripted.closeAllConnections());

    const openScripted = () => {
      const { port } = scripted.address() as AddressInfo;
      return open(`s3://my-bucket/x?endpoint=http://127.0.0.1:${port}&region=eu-west-1`);
    };
    const failure = async (answer: (typeof answers)[number]): Promise<StorageError> => {
      answers = [answer];
      const storage = await openScripted();
      return storage.references.read('a').then(
        () => expect.fail('it was taken'),
        (reason) => reason,
      );
    };

    // s3rver cannot: it makes its tokens with a cipher that OpenSSL 3 does not have.
    it('gives lists of several pages', async () => {
      const page = (keys: readonly string[], rest: string) => {
        const contents = keys.map(
          (key) => `<Contents><Key>x/references/${key}</Key><Size>1</Size></Contents>`,
        );
        return { status: 200, body: `<ListBucketResult>${contents.join('')}${rest}</ListBucketResult>` };
      };
      const token = (text: string) => `<NextContinuationToken>${text}</NextContinuationToken>`;
      answers = [page(['a', 'b'], token('1/&amp;+=')), page(['c'], token('2')), page(['d/e'], '')];
      asked = [];
      const storage = await openScripted();
      expect(await storage.references.list('')).toEqual(['d/e', 'c', 'b', 'a']);
      const tokens = asked.map((url) => new URL(url, 'http://x').searchParams.get('continuation-token'));
      expect(tokens).toEqual([null, '1/&+=', '2']);
    });

    it('tells the right region', async () => {
      const redirected = await failure({ status: 301, headers: { 'x-amz-bucket-region': 'eu-north-1' } });
      expect(redirected).toMatchObject({ code: 'setting' });
      expect(redirected.message).toContain('is not in the region eu-west-1');
      expect(redirected.message).toContain('Set region=eu-north-1');
      const malformed = await failure({
        status: 400,
        body: '<Error><Code>AuthorizationHeaderMalformed</Code><Region>us-west-2</Region></Error>',
      });
      expect(malformed.message).toContain('Set region=us-west-2');
    });

    it('tells that the secret is wrong, without it', async () => {
      const error = await failure({ status: 403, body: '<Error><Code>SignatureDoesNotMatch</Code></Error>' });
      expect(error).toMatchObject({ code: 'denied' });
      expect(error.message).toContain('SignatureDoesNotMatch');
      expect(error.message).toContain('AWS_SECRET_ACCESS_KEY');
      expect(error.message).not.toContain('S3RVER');
    });

    it('tells that the clock is wrong', async () => {
      const error = await failure({ status: 403, body: '<Error><Code>RequestTimeTooSkewed</Code></Error>' });
      expect(error.message).toContain('Set the clock');
    });
  });
});

describe('the check of signatures that the test server makes', () => {
  // The examples of "Signature Calculations for the Authorization Header" in the documents of Amazon S3.
  const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
  const example = (url: string, signature: string, more: Readonly<Record<string, string>> = {}) => ({
    method: 'GET',
    url,
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${['host', ...Object.keys(more), 'x-amz-content-sha256', 'x-amz-date'].join(';')},Signature=${signature}`,
      host: 'examplebucket.s3.amazonaws.com',
      'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      'x-amz-date': '20130524T000000Z',
      ...more,
    },
  });
  const examples = [
    example('/test.txt', 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41', {
      range: 'bytes=0-9',
    }),
    example('/?lifecycle', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'),
    example('/?max-keys=2&prefix=J', '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'),
  ];

  it('takes the examples of AWS, and none of them changed', () => {
    for (const request of examples) {
      expect(signatureProblem(request, secret)).toBeNull();
      expect(signatureProblem(request, `${secret}x`)).not.toBeNull();
      expect(signatureProblem({ ...request, method: 'PUT' }, secret)).not.toBeNull();
      expect(signatureProblem({ ...request, url: `${request.url}x` }, secret)).not.toBeNull();
      for (const name of ['host', 'x-amz-date', 'x-amz-content-sha256']) {
        const headers = { ...request.headers, [name]: '20130524T000001Z' };
        expect(signatureProblem({ ...request, headers }, secret), name).not.toBeNull();
      }
    }
  });
});

describe('the address of a storage', () => {
  const open = (address: string, environment: Record<string, string> = {}) =>
    openStorage(address, {
      clock: machineClock,
      random: machineRandom,
      owners,
      environment,
      scratch: join(tmpdir(), 'sluice-none'),
    });

  it('may be a path, file:, s3: and https:', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-address-'));
    const names: readonly (readonly [string, string])[] = [
      [folder, `the folder ${folder}`],
      [`file://${folder}/x%20y`, `the folder ${folder}/x y`],
      ['s3://my-bucket/a/b?region=eu-west-1', 'the bucket my-bucket at s3.eu-west-1.amazonaws.com'],
      ['https://cache.example/sluice/', 'the storage https://cache.example/sluice'],
    ];
    for (const [address, name] of names) {
      const storage = await open(address, { ...CREDENTIALS, SLUICE_STORAGE_TOKEN: 'token' });
      expect(storage.name).toBe(name);
      await storage.close();
    }
    rmSync(folder, { recursive: true });
  });

  it('is refused with its reason and without its secrets', async () => {
    const cases: readonly (readonly [string, string])[] = [
      ['https://user:hidden@cache.example/', 'credentials come from the environment'],
      ['s3://user:hidden@my-bucket/', 'credentials come from the environment'],
      ['s3://my-bucket/?secret=hidden', 'has "secret"'],
      ['s3://my-bucket/?endpoint=https://user:hidden@host', 'an endpoint'],
      ['s3://my-bucket/?endpoint=hidden', 'cannot be read'],
      ['s3://My_Bucket/', 'names no bucket'],
      ['s3://my-bucket/a/../b c', 'prefix'],
      ['s3://my-bucket/', 'AWS_ACCESS_KEY_ID'],
      ['ftp://host/', 'begins with "ftp://"'],
      ['https://host/?token=hidden', 'behind "?"'],
    ];
    for (const [address, text] of cases) {
      const error: StorageError = await open(address).then(
        () => expect.fail(`${address} was taken`),
        (reason) => reason,
      );
      expect(error, address).toMatchObject({ code: 'setting' });
      expect(error.message).toContain(text);
      expect(error.message).not.toContain('hidden');
    }
    await expect(open('http://far.example/', { SLUICE_STORAGE_TOKEN: 'hidden' })).rejects.toThrow(
      'show the token',
    );
  });
});
