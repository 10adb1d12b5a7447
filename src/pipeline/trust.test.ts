import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../base/json.ts';
import { judgeTrust } from './trust.ts';

const pull = (head: unknown, base: unknown = { id: 7, full_name: 'shop/api' }): JsonObject =>
  JSON.parse(
    JSON.stringify({
      number: 12,
      pull_request: { number: 12, base: { ref: 'main', repo: base }, head: { ref: 'main', repo: head } },
    }),
  );
const own = pull({ id: 7, full_name: 'shop/api' });

const trustOf = (name: string, payload: JsonObject) => judgeTrust({ name, payload }, false).trust;

describe('judgeTrust', () => {
  it('trusts a push and what a person starts', () => {
    for (const name of ['push', 'tag', 'schedule', 'manual', 'api'])
      expect(judgeTrust({ name, payload: {} }, false)).toEqual({ trust: 'trusted', reason: null });
  });

  it('trusts a pull request whose payload proves that it comes from the repository itself', () => {
    expect(trustOf('pull_request', own)).toBe('trusted');
    const merge = {
      object_kind: 'merge_request',
      object_attributes: { source_project_id: 3, target_project_id: 3 },
    };
    expect(trustOf('pull_request', merge)).toBe('trusted');
  });

  it.each<[string, JsonObject]>([
    ['no payload', {}],
    ['a fork', pull({ id: 8, full_name: 'eve/api', fork: true })],
    ['a fork that is gone', pull(null)],
    ['a fork with the same name', pull({ id: 8, full_name: 'shop/api' })],
    ['the same id under another name', pull({ id: 7, full_name: 'eve/api' })],
    ['ids as different kinds', pull({ id: '7' })],
    ['an id that JSON cannot keep', pull({ id: 2 ** 53 }, { id: 2 ** 53 })],
    ['no ids at all', pull({ full_name: 'shop/api' }, { full_name: 'shop/api' })],
    ['a head that is a text', pull('shop/api')],
    ['a receiver that is another repository', { ...own, repository: { id: 9 } }],
    ['only a link to the pull request', { issue: { number: 3, pull_request: { url: 'x' } } }],
    ['a merge request of a fork', { object_attributes: { source_project_id: 4, target_project_id: 3 } }],
    ['a merge request without projects', { object_kind: 'merge_request', object_attributes: {} }],
    [
      'a good pull request and a bad merge request',
      { ...own, object_attributes: { source_project_id: 4, target_project_id: 3 } },
    ],
    ['a run of a fork', { repository: { id: 7 }, workflow_run: { head_repository: { id: 8 } } }],
  ])('does not trust a pull request with %s', (_, payload) => {
    const verdict = judgeTrust({ name: 'pull_request', payload }, false);
    expect(verdict.trust).toBe('untrusted');
    expect(verdict.reason).toEqual(expect.any(String));
  });

  it('does not trust the code of another repository, whatever the event is called', () => {
    for (const name of ['push', 'manual', 'api', 'pull_request_target', 'workflow_run'])
      expect(trustOf(name, pull({ id: 8 }))).toBe('untrusted');
  });

  it('takes the lowest: what was asked for is never raised by an event', () => {
    expect(judgeTrust({ name: 'pull_request', payload: own }, true).trust).toBe('untrusted');
    expect(judgeTrust({ name: 'push', payload: {} }, true).trust).toBe('untrusted');
  });

  it('is not moved by authors, names, labels, or anything else in a payload', () => {
    const anything = fc.dictionary(
      fc.constantFrom(
        'author_association',
        'sender',
        'user',
        'commits',
        'head_commit',
        'labels',
        'trust',
        '__proto__',
      ),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(anything, (extra) => {
        const fork = pull({ id: 8, full_name: 'eve/api' }) as { pull_request: JsonObject };
        const payload = { ...extra, ...fork, pull_request: { ...extra, ...fork.pull_request } } as JsonObject;
        expect(trustOf('pull_request', payload)).toBe('untrusted');
      }),
    );
  });
});
