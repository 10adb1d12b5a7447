import { StorageError } from '../../contract.ts';
import { type Answer, type CallerOptions, call, sentence, storedObject } from './caller.ts';
import type { ObjectBody, ObjectEntry, ObjectService } from './object-service.ts';

export interface HttpOptions extends Omit<CallerOptions, 'name'> {
  /** Without user, password and query. */
  readonly base: URL;
  /** Sent as a bearer token. null: the server wants none. */
  readonly token: string | null;
}

/**
 * Objects of a plain HTTP server: GET, PUT, HEAD and DELETE on BASE/blobs/DIGEST and BASE/references/NAME. A list is GET
 * BASE/blobs or BASE/references with `prefix` and `after` in the query; it answers
 * `{"objects": [{"name", "bytes", "changedAtMs"}], "next": NAME or null}` in ascending order of names.
 */
export function httpService(options: HttpOptions): ObjectService {
  const base = `${options.base.origin}${options.base.pathname.replace(/\/$/, '')}`;
  const name = `the storage ${base}`;

  const ask = (method: string, path: string, body?: ObjectBody): Promise<Answer> =>
    call(
      async () => {
        const headers: Record<string, string> = {};
        if (options.token !== null) headers.Authorization = `Bearer ${options.token}`;
        if (body !== undefined) headers['Content-Type'] = 'application/octet-stream';
        return new Request(`${base}/${path}`, { method, headers, body: body?.content });
      },
      body?.bytes ?? 0,
      { ...options, name },
    );
  const judged = (answer: Answer): Answer | null => {
    if (answer.status >= 200 && answer.status < 300) return answer;
    if (answer.status === 404) return null;
    throw failure(answer.status, name);
  };

  return {
    name,
    async get(key) {
      const answer = judged(await ask('GET', key));
      return answer === null ? null : storedObject(answer);
    },
    async put(key, body) {
      const answer = await ask('PUT', key, body);
      if (judged(answer) === null) throw failure(answer.status, name);
    },
    async head(key) {
      const answer = judged(await ask('HEAD', key));
      return answer === null ? null : (answer.bytes ?? 0);
    },
    async remove(key) {
      judged(await ask('DELETE', key));
    },
    async *list(keyPrefix) {
      const kind = keyPrefix.slice(0, keyPrefix.indexOf('/'));
      for (let after: string | null = ''; after !== null; ) {
        const query = new URLSearchParams({ prefix: keyPrefix.slice(kind.length + 1), after });
        const answer = judged(await ask('GET', `${kind}?${query}`));
        if (answer === null) throw failure(404, name);
        const page = pageOf(answer, name);
        for (const entry of page.objects) yield { ...entry, key: `${kind}/${entry.key}` };
        // A list that does not go on would never end.
        if (page.next !== null && page.next <= after) throw badList(name);
        after = page.next;
      }
    },
  };
}

function pageOf(
  { body }: Answer,
  name: string,
): { readonly objects: ObjectEntry[]; readonly next: string | null } {
  try {
    const page = JSON.parse(Buffer.from(body ?? []).toString());
    if (page.next !== null && typeof page.next !== 'string') throw badList(name);
    const objects = (page.objects as readonly Record<string, unknown>[]).map((entry) => ({
      key: String(entry.name),
      bytes: Number(entry.bytes),
      changedAtMs: Number(entry.changedAtMs),
    }));
    return { objects, next: page.next };
  } catch {
    throw badList(name);
  }
}

function badList(name: string): StorageError {
  return new StorageError(
    'refused',
    `${sentence(name)} does not answer with a list. Check that its address is that of a storage.`,
  );
}

function failure(status: number, name: string): StorageError {
  const owner = sentence(name);
  if (status === 401 || status === 403) {
    return new StorageError(
      'denied',
      `${owner} refuses the token (status ${status}). Check SLUICE_STORAGE_TOKEN.`,
    );
  }
  if (status === 404) {
    return new StorageError('missing', `${owner} is not there (status 404). Correct its address.`);
  }
  if (status >= 300 && status < 400) {
    return new StorageError('setting', `${owner} has moved (status ${status}). Set its new address.`);
  }
  if (status === 413 || status === 507) {
    return new StorageError('full', `${owner} takes no more (status ${status}). Free space there.`);
  }
  return new StorageError('refused', `${owner} refuses what was asked (status ${status}).`);
}
