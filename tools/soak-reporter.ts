import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { UserConsoleLog } from 'vitest';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** Writes docs/soak.md after a soak: seed, commit, date, and each test with its time and the figures it printed. */
export default class SoakReporter implements Reporter {
  readonly #printed = new Map<string, string[]>();

  onUserConsoleLog(log: UserConsoleLog): void {
    if (log.taskId === undefined) return;
    const lines = this.#printed.get(log.taskId) ?? [];
    lines.push(log.content.trim());
    this.#printed.set(log.taskId, lines);
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const page = soakPage({
      seed: process.env.SLUICE_SEED ?? 'none',
      commit: commitHere(),
      date: new Date().toISOString().slice(0, 10),
      results: tests.map((test) => this.#resultOf(test)),
    });
    const file = fileURLToPath(new URL('../docs/soak.md', import.meta.url));
    mkdirSync(fileURLToPath(new URL('../docs', import.meta.url)), { recursive: true });
    writeFileSync(file, page);
  }

  #resultOf(test: TestCase): SoakResult {
    const annotations = test.annotations().map((annotation) => annotation.message);
    return {
      test: test.fullName,
      state: test.result().state,
      durationMs: test.diagnostic()?.duration ?? 0,
      figures: [...annotations, ...(this.#printed.get(test.id) ?? [])],
    };
  }
}

export interface SoakResult {
  readonly test: string;
  readonly state: string;
  readonly durationMs: number;
  /** What the test printed or annotated. */
  readonly figures: readonly string[];
}

export interface Soak {
  readonly seed: string;
  readonly commit: string;
  readonly date: string;
  readonly results: readonly SoakResult[];
}

/** The page: tests that gave figures with them, the others counted. */
export function soakPage({ seed, commit, date, results }: Soak): string {
  const passed = results.filter((result) => result.state === 'passed').length;
  const failed = results.filter((result) => result.state === 'failed');
  const telling = results.filter((result) => result.figures.length > 0 || result.state === 'failed');
  const rows = telling.map((result) => {
    const figures = result.figures.join(' ').replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
    return `| ${result.test.replaceAll('|', '\\|')} | ${result.state} | ${(result.durationMs / 1000).toFixed(1)} | ${figures} |`;
  });
  return [
    '# The last soak',
    '',
    `Made by \`SLUICE_SEED=${seed} npm run soak\` on ${date} at commit ${commit}: ${passed} passed, ${failed.length} failed.`,
    '',
    '| test | result | seconds | figures |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

/** The commit, marked when files differ from it: a result belongs to exactly one state of the code. */
function commitHere(): string {
  const git = (...words: string[]) => execFileSync('git', words, { encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
  return `${git('rev-parse', '--short=12', 'HEAD')}${changed ? ' with uncommitted changes' : ''}`;
}
