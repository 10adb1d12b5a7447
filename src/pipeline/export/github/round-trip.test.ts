import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openWorkflowReader } from '../../../main/workflow-reader.ts';
import type { Plan } from '../../plan.ts';
import { anyWorkflow } from './any-workflow.fixture.ts';
import { exportGithub } from './workflow.ts';

const { loadCaller, loadWorkflow } = await openWorkflowReader();
const FILE = '.github/workflows/ci.yml';

function planOf(text: string | Uint8Array): Plan {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const checked = loadWorkflow(FILE, { read: (path) => (path === FILE ? bytes : null) });
  if (!checked.ok) throw new Error(`${JSON.stringify(checked.diagnostics, null, 2)}\n${text}`);
  return checked.value;
}

/** All that a plan says, without where, and without the shell of steps that run nothing. */
function said(plan: Plan): unknown {
  return JSON.parse(
    JSON.stringify({ ...plan, digest: null }, (key, value) => {
      if (key === 'place') return undefined;
      return value?.workflow?.control ? { ...value, shell: null, workingDirectory: null } : value;
    }),
  );
}

const folder = fileURLToPath(new URL('../../../../test/fixtures/github', import.meta.url));
const loadable = globSync('*.yml', { cwd: folder })
  .sort()
  .filter((file) => {
    const content = readFileSync(`${folder}/${file}`);
    return loadWorkflow(FILE, { read: () => content }).ok;
  });

describe('a workflow that became a plan and a workflow again', () => {
  it.each(loadable)('gives the same plan: %s', (file) => {
    const plan = planOf(readFileSync(`${folder}/${file}`));
    const { files, losses } = exportGithub(plan);
    expect(said(planOf(files[0]!.text))).toEqual(said(plan));
    expect(losses).toEqual([]);
  });

  it('gives the same plan where it calls others', () => {
    const called = `on: {workflow_call: {inputs: {who: {type: string}}, outputs: {said: {value: "\${{ jobs.say.outputs.said }}"}}}}
jobs: {say: {runs-on: x, outputs: {said: "\${{ inputs.who }}"}, steps: [{run: make}]}}`;
    const caller = `on: push
jobs:
  hello: {uses: ./.github/workflows/called.yml, strategy: {matrix: {who: [a, b]}}, with: {who: "\${{ matrix.who }}"}, secrets: inherit}
  after: {needs: hello, runs-on: x, steps: [{run: "echo \${{ needs.hello.outputs.said }}"}]}`;
    const filesOf = (text: string) => ({
      read: (path: string) => new TextEncoder().encode(path === FILE ? text : called),
    });
    const whole = (text: string) => {
      const checked = loadWorkflow(FILE, filesOf(text));
      if (!checked.ok) throw new Error(JSON.stringify(checked.diagnostics));
      return checked.value;
    };
    const own = loadCaller(FILE, filesOf(caller));
    if (!own.ok) throw new Error(JSON.stringify(own.diagnostics));
    const { files, losses } = exportGithub(own.value);
    expect(said(whole(files[0]!.text))).toEqual(said(whole(caller)));
    expect(whole(caller).calls).toHaveLength(2);
    expect(losses).toEqual([]);
  });

  it('gives the same plan, whatever the workflow', () => {
    fc.assert(
      fc.property(anyWorkflow, (workflow) => {
        const plan = planOf(JSON.stringify(workflow));
        const { files, losses } = exportGithub(plan);
        expect(said(planOf(files[0]!.text))).toEqual(said(plan));
        expect(losses).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
