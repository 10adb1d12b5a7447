import { describe, expect, it } from 'vitest';
import { choosePipelineFile, pipelineFiles } from './pipeline-file.ts';

const NAMES: Readonly<Record<string, string>> = { '.sluice/build.yaml': 'main-build' };
const choose = (listed: readonly string[], wanted: string | null) => {
  const choice = choosePipelineFile(listed, wanted, (path) => NAMES[path] ?? null);
  return 'path' in choice ? choice.path : `${choice.problem.message} -> ${choice.problem.suggestion}`;
};

describe('choosePipelineFile', () => {
  it('takes the first of the well-known names', () => {
    expect(choose(['pipeline.yaml', 'sluice.yml', 'a.txt'], null)).toBe('sluice.yml');
    expect(choose(['.sluice/one.yml'], null)).toBe('.sluice/one.yml');
    expect(
      pipelineFiles(['.sluice/b.yaml', 'sluice.ts', '.sluice/x/deep.yaml', 'sluice.yaml', '.sluice/a.yml']),
    ).toEqual(['sluice.yaml', 'sluice.ts', '.sluice/a.yml', '.sluice/b.yaml']);
  });

  it('does not guess between several files of the folder', () => {
    expect(choose(['.sluice/b.yaml', '.sluice/a.yaml'], null)).toBe(
      'there are several pipelines: .sluice/a.yaml, .sluice/b.yaml -> name one, such as `sluice run a`',
    );
  });

  it.each([
    ['ci/other.yaml', 'ci/other.yaml'],
    ['./ci/other.yaml', 'ci/other.yaml'],
    ['build', '.sluice/build.yaml'],
    ['main-build', '.sluice/build.yaml'],
    ['main-biuld', 'there is no pipeline `main-biuld` -> did you mean `main-build`?'],
  ])('takes %s as a path or a name', (wanted, expected) => {
    expect(choose(['.sluice/build.yaml', '.sluice/deploy.yaml', 'ci/other.yaml'], wanted)).toBe(expected);
  });

  it('takes GitHub workflows where there is nothing else, and by name also beside others', () => {
    const workflows = [
      '.github/workflows/ci.yml',
      '.github/workflows/release.yaml',
      '.github/dependabot.yml',
    ];
    expect(choose(workflows.slice(0, 1), null)).toBe('.github/workflows/ci.yml');
    expect(pipelineFiles(workflows)).toEqual(workflows.slice(0, 2));
    expect(choose(workflows, null)).toBe(
      'there are several pipelines: .github/workflows/ci.yml, .github/workflows/release.yaml -> name one, such as `sluice run ci`',
    );
    expect(choose(['.sluice/a.yaml', ...workflows], null)).toBe('.sluice/a.yaml');
    expect(choose(['sluice.yaml', ...workflows], 'release')).toBe('.github/workflows/release.yaml');
  });

  it('says what to do when there is none', () => {
    expect(choose([], null)).toBe(
      'there is no pipeline file here (looked for sluice.yaml, sluice.yml, pipeline.yaml, pipeline.yml, sluice.ts, .sluice/*.yaml and .github/workflows/*.yml) -> run `sluice init` to write one',
    );
  });
});
