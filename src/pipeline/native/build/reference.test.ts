import { describe, expect, it } from 'vitest';
import { problemsOf } from '../load.fixture.ts';

const OTHERS = 'h: {steps: [{id: a, run: x}], outputs: {version: "${{ steps.a.outputs.b }}"}}';

/** What is said of a job beside `h`, without the place. */
const said = (job: string, rest = '') =>
  problemsOf(`${rest}jobs: {t: {${job}}, ${OTHERS}}`).map((line) =>
    line.replace(/^.*?unknown-reference: /, ''),
  );

describe('what an expression names', () => {
  it.each([
    [
      'a job that is not there',
      'run: "${{ needs.zz.result }}"',
      'the job needs no job `zz` -> name it in the `needs` of the job',
    ],
    [
      'a job that is not needed',
      'run: "${{ needs.h.result }}"',
      'the job does not need `h`, so it knows nothing of it -> add it to the job: `needs: [h]`',
    ],
    [
      'a job with a wrong letter',
      "needs: h, run: x, if: needs.hh.result == 'success'",
      'the job needs no job `hh` -> did you mean `h`?',
    ],
    [
      'an output that its job has not',
      'needs: h, run: "${{ needs.h.outputs.verison }}"',
      'the job `h` has no output `verison` -> did you mean `version`?',
    ],
    [
      'a step that is not there',
      'run: "${{ steps.x.outputs.y }}"',
      'the job has no step with the id `x`, so `steps.x` is always empty -> it has step-1',
    ],
    [
      'an axis of no matrix',
      'run: "${{ matrix.x }}"',
      'the job has no matrix, thus no `x`, so `matrix.x` is always empty',
    ],
    [
      'an axis with a wrong letter',
      'matrix: {node: [1]}, run: "${{ matrix.nod }}"',
      'its matrix has no axis `nod`, so `matrix.nod` is always empty -> did you mean `node`?',
    ],
    [
      'an input that is not there',
      'run: "${{ inputs.x }}"',
      'the pipeline has no input `x`, so `inputs.x` is always empty',
    ],
  ])('is refused when it is %s', (_, job, sentence) => {
    expect(said(job)).toEqual([sentence]);
  });

  it.each([
    [
      'a job of a stage before',
      'needs: [h], run: "${{ needs.h.outputs.VERSION }} ${{ needs[\'h\'].result }}"',
      '',
    ],
    [
      'all of them',
      'needs: [h], run: "${{ toJSON(needs) }} ${{ needs.*.result }} ${{ steps[inputs.s].outcome }}"',
      'inputs: {s: a}\n',
    ],
    [
      'steps and clean-up by their ids',
      'run: "${{ steps.step-1.outcome }}", cleanup: ["${{ steps.cleanup-1.outcome }}"]',
      '',
    ],
    [
      'what only some combinations have',
      'matrix: {a: [1], include: [{a: 1, b: 2}]}, run: "${{ matrix.b }}"',
      '',
    ],
    [
      'an axis that is known when the run goes on',
      'needs: h, matrix: "${{ fromJSON(needs.h.outputs.version) }}", run: "${{ matrix.q }}"',
      '',
    ],
    [
      'an input of a manual start',
      'run: "${{ inputs.target }}"',
      'trigger: {manual: {inputs: {target: a}}}\n',
    ],
  ])('is accepted when it is %s', (_, job, rest) => {
    expect(said(job, rest)).toEqual([]);
  });

  it('is found in stages before, and what people answered is not judged', () => {
    const text = `stages:
  - {name: a, approval: {approvers: [x]}, jobs: {one: {run: x, outputs: {v: '1'}}}}
  - {name: b, depends_on: [a], jobs: {two: {run: "\${{ needs.one.outputs.v }} \${{ needs.a-approval.outputs.any }}"}}}
`;
    expect(problemsOf(text)).toEqual([]);
  });

  it('is placed at the name', () => {
    const text = 'jobs:\n  t:\n    run: |\n      echo 1\n      echo ${{ steps.x.outputs.y }}\n';
    expect(problemsOf(text)[0]).toMatch(/^error 5:22 unknown-reference/);
  });
});
