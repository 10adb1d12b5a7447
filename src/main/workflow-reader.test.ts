import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

describe('openWorkflowReader', () => {
  it("imports GitHub's package on plain Node, once and for all who ask", () => {
    const module = new URL('./workflow-reader.ts', import.meta.url).href;
    const script = `
      const { openWorkflowReader } = await import(${JSON.stringify(module)});
      const [one, two] = await Promise.all([openWorkflowReader(), openWorkflowReader()]);
      const text = 'on: push\\njobs: {a: {runs-on: x, steps: [{run: y}]}}';
      const checked = one.loadWorkflow('w.yml', { read: () => new TextEncoder().encode(text) });
      console.log(one === two, checked.ok, checked.value.jobs.length);`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect(output).toBe('true true 1\n');
  });
});
