/** Named bytes on a server: what S3-compatible and plain HTTP servers have in common. Keys are made of `blobs/DIGEST` and `references/NAME`. */
export interface ObjectService {
  /** For messages; without anything secret. */
  readonly name: string;
  /** null: no such object. Rejects with `StorageError`, after trying again where that may help. */
  get(key: string): Promise<StoredObject | null>;
  /** Written whole or not at all; replaces what is there. */
  put(key: string, body: ObjectBody): Promise<void>;
  /** The size in bytes. null: no such object. */
  head(key: string): Promise<number | null>;
  remove(key: string): Promise<void>;
  /** All whose keys begin with the prefix, in any order. */
  list(prefix: string): AsyncIterable<ObjectEntry>;
}

export interface StoredObject {
  readonly bytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface ObjectEntry {
  readonly key: string;
  readonly bytes: number;
  readonly changedAtMs: number;
}

/** What is sent; can be sent again. */
export interface ObjectBody {
  readonly content: Uint8Array<ArrayBuffer> | Blob;
  readonly bytes: number;
  /** Of the body as it is sent, in hexadecimal. */
  readonly sha256: string;
}
