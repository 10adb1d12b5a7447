import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock, Random } from '../../base/port.ts';
import { type Storage, StorageError } from '../contract.ts';
import { openFolderStorage } from './folder/folder-storage.ts';
import type { ProcessOwners } from './folder/layout.ts';
import type { ObjectService } from './remote/object-service.ts';

export interface StorageOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly owners: ProcessOwners;
  /** Where credentials come from: AWS_ACCESS_KEY_ID and its siblings, SLUICE_STORAGE_TOKEN. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where large contents lie while they are sent. */
  readonly scratch: string;
}

/**
 * The storage at an address: a folder's path, `file:///...`, `s3://BUCKET/PREFIX?endpoint=URL&region=NAME`, `https://...`. Nothing
 * is asked of a server yet. Rejects with `StorageError` for an address that says too little or too much; it shows no secrets.
 */
export async function openStorage(address: string, options: StorageOptions): Promise<Storage> {
  if (!/^[a-z0-9+]+:\/\//i.test(address))
    return openFolderStorage({ ...options, directory: resolve(address) });
  const url = parsed(address);
  if (url.protocol === 'file:') return openFolderStorage({ ...options, directory: fileURLToPath(url) });
  if (url.username !== '' || url.password !== '') {
    throw setting('holds a user or password. Take them out: credentials come from the environment only.');
  }
  const service = await serviceOf(url, options);
  const { openRemoteStorage } = await import('./remote/remote-storage.ts');
  return openRemoteStorage(service, options);
}

async function serviceOf(url: URL, options: StorageOptions): Promise<ObjectService> {
  switch (url.protocol) {
    case 's3:':
      return s3Of(url, options);
    case 'http:':
    case 'https:':
      return httpOf(url, options);
    default:
      throw setting(
        `begins with "${url.protocol}//": a path, file://, s3://, https:// or http:// is understood.`,
      );
  }
}

async function s3Of(url: URL, options: StorageOptions): Promise<ObjectService> {
  const { environment } = options;
  const bucket = url.hostname;
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw setting('names no bucket: it has the form s3://BUCKET/PREFIX?endpoint=URL&region=NAME.');
  }
  for (const key of url.searchParams.keys()) {
    if (key !== 'endpoint' && key !== 'region') {
      throw setting(`has "${key}", which it does not take: endpoint and region are what it takes.`);
    }
  }
  const prefix = url.pathname.replace(/^\/+|\/+$/g, '');
  if (!/^[\w.~/-]*$/.test(prefix) || /(^|\/)\.{1,2}(\/|$)|\/\//.test(prefix)) {
    throw setting('has a prefix with more than letters, digits, ".", "_", "-", "~" and "/".');
  }
  const region =
    url.searchParams.get('region') ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? 'us-east-1';
  const endpoint = parsed(url.searchParams.get('endpoint') ?? `https://s3.${region}.amazonaws.com`);
  if (!/^https?:$/.test(endpoint.protocol) || endpoint.username !== '' || endpoint.password !== '') {
    throw setting('has an endpoint that is no https:// or http:// address without user and password.');
  }
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  if (!accessKeyId || !secretAccessKey) {
    throw setting('needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.');
  }
  const { s3Service } = await import('./remote/s3.ts');
  return s3Service({
    ...options,
    endpoint,
    region,
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    credentials: { accessKeyId, secretAccessKey, sessionToken: environment.AWS_SESSION_TOKEN },
  });
}

async function httpOf(url: URL, options: StorageOptions): Promise<ObjectService> {
  if (url.search !== '' || url.hash !== '') {
    throw setting('has something behind "?" or "#", which it does not take.');
  }
  const token = options.environment.SLUICE_STORAGE_TOKEN || null;
  const nearby = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (token !== null && url.protocol === 'http:' && !nearby) {
    throw setting('begins with http://, which would show the token to the network. Use https://.');
  }
  const { httpService } = await import('./remote/http.ts');
  return httpService({ ...options, base: url, token });
}

/** Messages never repeat the address: it may hold a password. */
function setting(what: string): StorageError {
  return new StorageError('setting', `The address of the storage ${what}`);
}

function parsed(address: string): URL {
  try {
    return new URL(address);
  } catch {
    throw setting('cannot be read: it is no path and no URL.');
  }
}
