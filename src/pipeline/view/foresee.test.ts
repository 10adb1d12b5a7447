import { describe, expect, it } from 'vitest';
import type { ExpressionContext } from '../expression-context.ts';
import { foresee, type Needed, type Outlook } from './foresee.ts';

const CONTEXT: ExpressionContext = {
  git: { branch: 'feature' },
  event: { name: 'push' },
  run: { id: 'run1' },
  pipeline: {},
  inputs: { deploy: 'no' },
  vars: {},
  status: { failed: false, cancelled: false, skippedNeed: false },
};
const NOTHING: Needed = { skipped: null, standby: null };
const BRANCH_REASON = "git.branch == 'main' is false because git.branch is 'feature'";

function look(source: string | null, needed: Needed = NOTHING): Outlook {
  const place = { file: 'sluice.yaml', start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
  return foresee(source === null ? null : { source, place }, CONTEXT, needed);
}

describe('foresee', () => {
  it.each<[string | null, Outlook['kind'], string | null]>([
    [null, 'runs', null],
    ["git.branch == 'feature'", 'runs', null],
    ['success()', 'runs', null],
    ['always()', 'runs', null],
    ['!cancelled()', 'runs', null],
    ["success() || git.branch == 'main'", 'runs', null],
    ["git.branch == 'main'", 'skipped', BRANCH_REASON],
    [
      "github.event_name == 'schedule' && always()",
      'skipped',
      "github.event_name == 'schedule' is false because github.event_name is 'push'",
    ],
    ["needs.a.outputs.x == 'y' && (git.branch == 'main')", 'skipped', BRANCH_REASON],
    ["failure() && git.branch == 'main'", 'skipped', BRANCH_REASON],
    [
      "!(git.branch == 'feature' || needs.a.outputs.x)",
      'skipped',
      "git.branch == 'feature' is true because git.branch is 'feature'",
    ],
    [
      "git.branch == 'main' || inputs.deploy == 'yes'",
      'skipped',
      `${BRANCH_REASON} and inputs.deploy == 'yes' is false because inputs.deploy is 'no'`,
    ],
    ["git.branch == 'main' || needs.a.outputs.x", 'open', 'its condition is decided at run time'],
    ["needs.a.result == 'success'", 'open', 'its condition is decided at run time'],
    ["contains(needs.*.result, 'failure') || success()", 'runs', null],
    ["run.id == 'x'", 'open', 'its condition is decided at run time'],
    ['github.run_number == 1', 'open', 'its condition is decided at run time'],
    ["github['run_id'] == 1", 'open', 'its condition is decided at run time'],
    ["fromJSON('no') && git.branch == 'feature'", 'open', 'its condition is decided at run time'],
    ['failure()', 'standby', 'runs only when something fails or is cancelled'],
    ['failure() || cancelled()', 'standby', 'runs only when something fails or is cancelled'],
    ['!success()', 'standby', 'runs only when something fails or is cancelled'],
  ])('of %s says %s', (source, kind, sentence) => {
    expect(look(source)).toEqual({ kind, sentence });
  });

  it('says what a condition that cannot be read lacks', () => {
    expect(look('git.branch ==')).toMatchObject({
      kind: 'open',
      sentence: expect.stringContaining('cannot be read'),
    });
  });

  it('knows that success() is false after a job that is skipped', () => {
    const needed = { skipped: 'lint', standby: null };
    const outlook = { kind: 'skipped', sentence: 'success() is false because lint is skipped' };
    expect(look(null, needed)).toEqual(outlook);
    expect(look("git.branch == 'feature'", needed)).toEqual(outlook);
    expect(look('needs.a.outputs.x && success()', needed)).toEqual(outlook);
    expect(look('always()', needed).kind).toBe('runs');
    expect(look('!success()', needed).kind).toBe('runs');
    expect(look('!failure()', needed).kind).toBe('runs');
    expect(look("git.branch == 'main'", needed).sentence).toBe(BRANCH_REASON);
    expect(look("always() && git.branch == 'main'", needed).sentence).toBe(BRANCH_REASON);
  });

  it('expects what needs a job on standby to stand by too', () => {
    const needed = { skipped: null, standby: 'alert' };
    expect(look(null, needed)).toEqual({ kind: 'standby', sentence: 'needs alert, which stands by' });
    expect(look("git.branch == 'feature'", needed).kind).toBe('standby');
    expect(look("git.branch == 'main'", needed).kind).toBe('skipped');
    expect(look('always()', needed).kind).toBe('runs');
    expect(look('success()', needed).kind).toBe('standby');
  });
});
