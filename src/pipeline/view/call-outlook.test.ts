import { describe, expect, it } from 'vitest';
import { openWorkflowReader } from '../../main/workflow-reader.ts';
import { runContextsOf } from '../expression-run.ts';
import { planForecast } from './forecast.ts';

const CI = '.github/workflows/ci.yml';
const INNER = '.github/workflows/inner.yml';
const { loadWorkflow } = await openWorkflowReader();

function outlooks(workflow: string, inner: string): Record<string, string | null> {
  const files: Record<string, string> = { [CI]: workflow, [INNER]: inner };
  const read = (path: string) => (Object.hasOwn(files, path) ? new TextEncoder().encode(files[path]) : null);
  const checked = loadWorkflow(CI, { read });
  if (!checked.ok) throw new Error(JSON.stringify(checked.diagnostics));
  const source = {
    ...{ path: '/r', repository: 'a/b', branch: 'main', tag: null, commit: null, commitTimeMs: null },
    mode: 'tree',
    dirty: false,
  } as const;
  const given = { runId: '', event: { name: 'push', payload: {} }, inputs: {}, variables: {} };
  const status = { failed: false, cancelled: false, skippedNeed: false };
  const context = { ...runContextsOf(checked.value, source, given), status };
  const { stages } = planForecast(checked.value, { expectedMs: {}, workersMax: 2, context });
  return Object.fromEntries(
    stages.flatMap(({ jobs }) => jobs.map((job) => [job.id, job.outlook.sentence ?? job.outlook.kind])),
  );
}

describe('the forecast of a workflow that calls another', () => {
  const inner = `on: {workflow_call: {inputs: {os: {type: string, default: a}}}}
jobs:
  one: {runs-on: x, steps: [{run: 'true'}]}
  two: {needs: one, if: inputs.os == 'a', runs-on: x, steps: [{run: 'true'}]}
`;

  it('knows the inputs of each call', () => {
    const workflow = `on: push
jobs:
  t: {strategy: {matrix: {os: [a, b]}}, uses: ./${INNER}, with: {os: '\${{ matrix.os }}'}}
  after: {needs: t, runs-on: x, steps: [{run: 'true'}]}
`;
    expect(outlooks(workflow, inner)).toEqual({
      't (os: a) / one': 'runs',
      't (os: a) / two': 'runs',
      't (os: b) / one': 'runs',
      't (os: b) / two': "inputs.os == 'a' is false because inputs.os is 'b'",
      after: 'runs',
    });
  });

  it('skips all jobs of a call that is skipped, and what needs it', () => {
    const workflow = `on: push
jobs:
  t: {if: github.ref == 'refs/heads/x', uses: ./${INNER}}
  after: {needs: t, runs-on: x, steps: [{run: 'true'}]}
`;
    expect(outlooks(workflow, inner)).toMatchObject({
      't / one': expect.stringContaining("github.ref == 'refs/heads/x' is false"),
      't / two': expect.stringContaining("github.ref == 'refs/heads/x' is false"),
      after: 'success() is false because t is skipped',
    });
  });

  it('leaves open what an output of another job decides', () => {
    const workflow = `on: push
jobs:
  p: {runs-on: x, outputs: {o: a}, steps: [{run: 'true'}]}
  t: {needs: p, uses: ./${INNER}, with: {os: '\${{ needs.p.outputs.o }}'}}
`;
    expect(outlooks(workflow, inner)).toMatchObject({
      't / one': 'runs',
      't / two': 'its condition is decided at run time',
    });
  });
});
