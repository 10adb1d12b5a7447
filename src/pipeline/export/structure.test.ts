import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Plan, PlanJob, PlanStep } from '../plan.ts';
import { exportPlan } from './export.ts';
import { JOB_CHANGES, SMALL_PLAN, STEP_CHANGES } from './small-plan.fixture.ts';

/** The small plan with a job for each change, so that all words of jobs and steps stand in one file. */
function everything(): Plan {
  const [usual] = SMALL_PLAN.jobs;
  const [step] = usual!.steps;
  const changes: Partial<PlanJob>[] = [
    ...JOB_CHANGES,
    ...STEP_CHANGES.map((change) => ({ steps: [{ ...step!, ...change } as PlanStep] })),
  ];
  const jobs = changes.map(
    (change, index): PlanJob => ({
      ...usual!,
      ...change,
      id: `job-${index}`,
      needs: index === 0 ? [] : [`job-${index - 1}`],
    }),
  );
  return { ...SMALL_PLAN, jobs };
}

const plan = everything();

function syntaxProblem(script: string): string {
  return spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' }).stderr;
}

describe('the written files', () => {
  it('are scripts that a POSIX shell can read, on GitLab', () => {
    const file = parse(exportPlan(plan, 'gitlab').files[0]!.text);
    const scripts = plan.jobs.flatMap(({ id }): string[][] => {
      const job = file[id];
      return [[...(job.before_script ?? []), ...job.script], job.after_script ?? []];
    });
    for (const script of new Set(scripts.map((lines) => lines.join('\n'))))
      expect(syntaxProblem(script), script).toBe('');
  });

  it('are scripts that a POSIX shell can read, on Azure and CircleCI', () => {
    const azure = parse(exportPlan(plan, 'azure').files[0]!.text);
    const circle = parse(exportPlan(plan, 'circleci').files[0]!.text);
    const scripts = [
      ...azure.jobs.flatMap((job: { steps: { bash?: string }[] }) => job.steps.map(({ bash }) => bash ?? '')),
      ...Object.values(circle.jobs as Record<string, { steps: { run?: { command: string } }[] }>).flatMap(
        (job) => job.steps.map(({ run }) => (run?.command ?? '').replaceAll('\\<<', '<<')),
      ),
    ];
    expect(scripts.length).toBeGreaterThan(plan.jobs.length);
    for (const script of new Set(scripts)) expect(syntaxProblem(script), script).toBe('');
  });

  it('close each bracket and text that they open, at Jenkins', () => {
    const { text } = exportPlan(plan, 'jenkins').files[0]!;
    const code = text
      .replace(/^ *\/\/.*$/gm, '')
      .replace(/'''(?:\\[\s\S]|(?!''')[\s\S])*'''|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, 'TEXT');
    expect(code).not.toMatch(/['"]/);
    let depth = 0;
    for (const character of code) {
      if (character === '{') depth++;
      if (character === '}') depth--;
      expect(depth).toBeGreaterThanOrEqual(0);
    }
    expect(depth).toBe(0);
    expect(code.match(/\bstage\(TEXT\) \{/g)).toHaveLength(
      // One of two combinations is two stages in one.
      plan.jobs.reduce((count, { matrix }) => count + (matrix?.cells ? 3 : 1), 0),
    );
  });

  it('name a build specification for each project, at CodePipeline', () => {
    const { files } = exportPlan(plan, 'codepipeline');
    const template = parse(files[0]!.text);
    const projects = Object.values(
      template.Resources as Record<string, { Type: string; Properties: { Source?: { BuildSpec: string } } }>,
    )
      .filter(({ Type }) => Type === 'AWS::CodeBuild::Project')
      .map(({ Properties }) => Properties.Source!.BuildSpec);
    expect(projects).toEqual(files.slice(1).map(({ path }) => path));
    for (const { text } of files.slice(1)) expect(parse(text)).toMatchObject({ version: 0.2 });
  });

  it('keep what each job is after', () => {
    const gitlab = parse(exportPlan(plan, 'gitlab').files[0]!.text);
    const github = parse(exportPlan(plan, 'github').files[0]!.text);
    const azure = parse(exportPlan(plan, 'azure').files[0]!.text);
    for (const [index, { id, needs }] of plan.jobs.entries()) {
      expect(gitlab[id].needs.map(({ job }: { job: string }) => job)).toEqual(needs);
      expect(github.jobs[id].needs ?? []).toEqual(needs);
      expect(azure.jobs[index].dependsOn).toEqual(needs.map((need) => need.replaceAll('-', '_')));
    }
  });
});
