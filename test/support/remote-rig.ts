import { gather } from '../../src/cache/storage/gather.ts';
import type { ObjectService } from '../../src/cache/storage/remote/object-service.ts';
import { openRemoteStorage, type RemoteOptions } from '../../src/cache/storage/remote/remote-storage.ts';
import { type StorageRig, sha256 } from '../contract/blob.contract.ts';

/** A storage on a server for the contract suite; what lies beneath is reached by the service itself. */
export function remoteRig(
  service: ObjectService,
  options: RemoteOptions,
  close: () => Promise<void>,
): StorageRig {
  const get = async (key: string) => Buffer.from(await gather((await service.get(key))!.chunks));
  const put = (key: string, content: Uint8Array) => {
    const bytes = Buffer.from(content);
    return service.put(key, { content: bytes, bytes: bytes.length, sha256: sha256(bytes) });
  };
  return {
    storage: openRemoteStorage(service, options),
    stored: (digest) => get(`blobs/${digest}`),
    damage: (digest, stored) => put(`blobs/${digest}`, stored),
    damageReference: async (name, change) => {
      const key = `references/${name}`;
      await put(key, Buffer.from(change((await get(key)).toString())));
    },
    close,
  };
}
