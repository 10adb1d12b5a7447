/** The part of s3rver that the tests use; it brings no types. */
declare module 's3rver' {
  export interface StoredPut {
    readonly bucket: string;
    readonly key: string;
    readonly content: NodeJS.ReadableStream | Buffer;
    readonly metadata: object;
  }

  interface Context {
    readonly req: import('node:http').IncomingMessage;
    status: number;
    body: string;
  }

  export default class S3rver {
    constructor(options: {
      readonly address: string;
      readonly port: number;
      readonly silent: boolean;
      readonly directory: string;
      readonly configureBuckets: readonly { readonly name: string }[];
    });
    /** What each request goes through, in order. */
    readonly middleware: ((context: Context, next: () => Promise<void>) => Promise<void>)[];
    readonly store: {
      getResourcePath(bucket: string, key: string, resource: 'object'): string;
      putMetadata(bucket: string, key: string, metadata: object, md5: string): Promise<void>;
      putObject(object: StoredPut): Promise<{ readonly size: number; readonly md5: string }>;
    };
    run(): Promise<{ readonly address: string; readonly port: number }>;
    close(): Promise<void>;
  }
}
