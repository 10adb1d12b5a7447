/*
 * A GitHub workflow of 50 jobs from text to plan, beside GitHub's own parser alone on the same text: its token tree, and the
 * model that it makes of it. The goal (issue D) is at most 1.5 times the whole of it. Interleaved, medians of CPU time.
 */
import { openWorkflowReader } from '../src/main/workflow-reader.ts';
import { median } from './support/measure.ts';

const ROUNDS = 60;
const FILE = '.github/workflows/ci.yml';

function workflowText(jobs: number): string {
  const parts = Array.from({ length: jobs }, (_, index) => {
    const needs = index >= 5 ? `\n    needs: [job${index - 5}, job${index - 1}]` : '';
    return `  job${index}:${needs}
    runs-on: \${{ matrix.os }}
    if: github.ref == 'refs/heads/main' || startsWith(github.ref, 'refs/tags/')
    timeout-minutes: 20
    strategy:
      fail-fast: false
      matrix:
        os: [ubuntu-latest, ubuntu-22.04]
        node: [20, 22, 24]
    outputs:
      version: \${{ steps.version.outputs.version }}
    env:
      CACHE: cache-\${{ github.sha }}-\${{ matrix.node }}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with: {node-version: '\${{ matrix.node }}', cache: npm}
      - id: version
        run: echo "version=$(cat VERSION)" >> "$GITHUB_OUTPUT"
      - name: Test
        run: |
          npm ci
          npm test -- --shard=\${{ matrix.os }}
        env: {TOKEN: '\${{ secrets.NPM_TOKEN }}'}
      - name: Report
        if: always() && steps.version.outcome == 'success'
        run: npm run report
`;
  });
  return `name: large\non:\n  push: {branches: [main]}\n  pull_request:\njobs:\n${parts.join('')}`;
}

const { loadWorkflow } = await openWorkflowReader();
// Importable now: the schema is there.
const { parseWorkflow } = await import('@actions/workflow-parser/workflows/workflow-parser');
const { convertWorkflowTemplate } = await import('@actions/workflow-parser/model/convert');
const { NoOperationTraceWriter } = await import('@actions/workflow-parser/templates/trace-writer');

const text = workflowText(50);
const bytes = new TextEncoder().encode(text);

function ours(): void {
  const checked = loadWorkflow(FILE, { read: (path) => (path === FILE ? bytes : null) });
  if (!checked.ok) throw new Error(JSON.stringify(checked.diagnostics));
}

function tokens() {
  const parsed = parseWorkflow({ name: FILE, content: text }, new NoOperationTraceWriter());
  if (!parsed.value || parsed.context.errors.count > 0) throw new Error('GitHub refuses the workflow');
  return parsed;
}

async function theirs(): Promise<void> {
  const parsed = tokens();
  await convertWorkflowTemplate(parsed.context, parsed.value!);
}

async function cpuMs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const samples = { ours: [] as number[], theirs: [] as number[], tokens: [] as number[] };
for (let round = 0; round < ROUNDS; round++) {
  samples.ours.push(await cpuMs(ours));
  samples.theirs.push(await cpuMs(theirs));
  samples.tokens.push(await cpuMs(tokens));
}
const late = (values: readonly number[]) => median(values.slice(ROUNDS / 3));
const figures = { ours: late(samples.ours), theirs: late(samples.theirs), tokens: late(samples.tokens) };
const ratio = figures.ours / figures.theirs;
console.log(`50 jobs, ${text.length} characters, CPU time`);
console.log(
  `  plan                         ${figures.ours.toFixed(1)} ms (first ${samples.ours[0]!.toFixed(0)} ms)`,
);
console.log(
  `  GitHub's parser and model    ${figures.theirs.toFixed(1)} ms (first ${samples.theirs[0]!.toFixed(0)} ms)`,
);
console.log(`  GitHub's token tree alone    ${figures.tokens.toFixed(1)} ms`);
console.log(
  `  ratio ${ratio.toFixed(2)} of at most 1.5; of the token tree ${(figures.ours / figures.tokens).toFixed(2)}`,
);
process.exitCode = ratio <= 1.5 ? 0 : 1;
