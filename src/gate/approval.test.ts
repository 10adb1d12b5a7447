import { describe, expect, it } from 'vitest';
import { PLACE } from '../../test/support/plan.ts';
import { digestOf } from '../base/digest.ts';
import type { ApprovalRequest } from '../pipeline/plan-approval.ts';
import {
  type Answer,
  type ApprovalBinding,
  answerApproval,
  expireApproval,
  openApproval,
  useApproval,
} from './approval.ts';

const BINDING: ApprovalBinding = {
  commit: 'c1',
  planDigest: digestOf('plan'),
  artifactDigest: digestOf('artifact'),
};
const REQUEST: ApprovalRequest = {
  message: null,
  approvers: ['bob', 'carol', 'alice', 'team/ops'],
  count: 2,
  authorAllowed: false,
  form: {},
  expiresAfterMs: 1000,
  onExpiry: 'reject',
  place: PLACE,
};

interface Row {
  readonly title: string;
  readonly request?: Partial<ApprovalRequest>;
  readonly answers: readonly (Partial<Answer> & { readonly atMs?: number })[];
  /** What the last answer came to. */
  readonly expected: string;
}

const yes = (by: string, more: Partial<Answer> & { atMs?: number } = {}) => ({ by, ...more });
const FORM: ApprovalRequest['form'] = {
  ticket: { description: 'Which?', kind: 'text', required: true, default: null, options: [] },
  risk: { description: 'How?', kind: 'choice', required: false, default: 'low', options: ['low', 'high'] },
};

/** Who may approve what: the table of T43. */
const TABLE: readonly Row[] = [
  { title: 'one of two', answers: [yes('bob')], expected: 'waiting' },
  { title: 'two different people', answers: [yes('bob'), yes('carol')], expected: 'approved' },
  { title: 'the same person twice', answers: [yes('bob'), yes('bob')], expected: 'twice' },
  { title: 'the same account in other letters', answers: [yes('bob'), yes('@BOB')], expected: 'twice' },
  { title: 'the author', answers: [yes('alice')], expected: 'author' },
  { title: 'who started the run', answers: [yes('dave', { teams: ['ops'] })], expected: 'author' },
  {
    title: 'the author where it is allowed',
    request: { authorAllowed: true, count: 1 },
    answers: [yes('alice')],
    expected: 'approved',
  },
  { title: 'somebody who is not asked', answers: [yes('erin')], expected: 'not-allowed' },
  {
    title: 'a member of a team that is asked',
    answers: [yes('erin', { teams: ['ops'] })],
    expected: 'waiting',
  },
  {
    title: 'a team with the name of an account',
    answers: [yes('erin', { teams: ['bob'] })],
    expected: 'not-allowed',
  },
  {
    title: 'anybody where nobody is named',
    request: { approvers: [] },
    answers: [yes('erin')],
    expected: 'waiting',
  },
  {
    title: 'somebody without the right',
    request: { approvers: [] },
    answers: [yes('erin', { mayApprove: false })],
    expected: 'not-allowed',
  },
  {
    title: 'another commit',
    answers: [yes('bob', { binding: { ...BINDING, commit: 'c2' } })],
    expected: 'other-commit',
  },
  {
    title: 'another plan',
    answers: [yes('bob', { binding: { ...BINDING, planDigest: digestOf('x') } })],
    expected: 'other-plan',
  },
  {
    title: 'another artifact',
    answers: [yes('bob', { binding: { ...BINDING, artifactDigest: null } })],
    expected: 'other-artifact',
  },
  { title: 'at the last moment', answers: [yes('bob', { atMs: 999 })], expected: 'waiting' },
  { title: 'too late', answers: [yes('bob', { atMs: 1000 })], expected: 'expired' },
  {
    title: 'a rejection by the author',
    answers: [yes('bob'), yes('alice', { decision: 'reject' })],
    expected: 'rejected',
  },
  {
    title: 'a rejection by who started the run and is not asked',
    answers: [yes('dave', { decision: 'reject' })],
    expected: 'rejected',
  },
  {
    title: 'a rejection by somebody who is not asked',
    answers: [yes('erin', { decision: 'reject' })],
    expected: 'not-allowed',
  },
  {
    title: 'a rejection by one who had approved',
    answers: [yes('bob'), yes('bob', { decision: 'reject' })],
    expected: 'rejected',
  },
  {
    title: 'an approval after a rejection',
    answers: [yes('bob', { decision: 'reject' }), yes('carol')],
    expected: 'over',
  },
  {
    title: 'a form without what is required',
    request: { form: FORM },
    answers: [yes('bob')],
    expected: 'form',
  },
  {
    title: 'a choice that there is not',
    request: { form: FORM },
    answers: [yes('bob', { answers: { ticket: 'A-1', risk: 'none' } })],
    expected: 'form',
  },
  {
    title: 'a form that is filled in',
    request: { form: FORM },
    answers: [yes('bob', { answers: { ticket: 'A-1' } })],
    expected: 'waiting',
  },
];

function opened(request: Partial<ApprovalRequest> = {}) {
  return openApproval({ ...REQUEST, ...request }, BINDING, ['alice', 'dave'], 5000, 0);
}

function answer(more: Partial<Answer>): Answer {
  return { by: '', teams: [], mayApprove: true, decision: 'approve', binding: BINDING, answers: {}, ...more };
}

function approved() {
  const one = answerApproval(opened({ count: 1 }), answer({ by: 'bob' }), 1);
  if (!one.ok) throw new Error(one.sentence);
  return one.approval;
}

describe('answerApproval', () => {
  it.each(TABLE)('$title: $expected', ({ request, answers, expected }) => {
    let approval = opened(request);
    let came = '';
    for (const { atMs = 1, ...given } of answers) {
      const step = answerApproval(approval, answer(given), atMs);
      came = step.ok ? step.approval.status : step.code;
      if (step.ok) approval = step.approval;
    }
    expect(came).toBe(expected);
  });

  it('keeps what was filled in, with defaults', () => {
    const step = answerApproval(opened({ form: FORM }), answer({ by: 'bob', answers: { ticket: 'A-1' } }), 1);
    expect(step.ok && step.approval.votes[0]!.answers).toEqual({ ticket: 'A-1', risk: 'low' });
  });
});

describe('expireApproval', () => {
  it('ends with the stated result, and not before its time', () => {
    expect(expireApproval(opened(), 999).status).toBe('waiting');
    expect(expireApproval(opened(), 1000).status).toBe('rejected');
    expect(expireApproval(opened({ onExpiry: 'approve' }), 1000).status).toBe('approved');
    expect(expireApproval(opened({ expiresAfterMs: null }), 4999).status).toBe('waiting');
  });

  it('leaves what is decided', () => expect(expireApproval(approved(), 9999).status).toBe('approved'));
});

describe('useApproval', () => {
  it('works once, for exactly what was approved', () => {
    expect(useApproval(approved(), { ...BINDING, commit: 'c2' })).toMatchObject({
      ok: false,
      code: 'other-commit',
    });
    const first = useApproval(approved(), BINDING);
    expect(first).toMatchObject({ ok: true, approval: { status: 'used' } });
    expect(first.ok && useApproval(first.approval, BINDING)).toMatchObject({ ok: false, code: 'used' });
  });

  it('is refused while people are asked', () => {
    expect(useApproval(opened(), BINDING)).toMatchObject({ ok: false, code: 'not-approved' });
  });
});
