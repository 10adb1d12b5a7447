import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Names every skipped test group once, with the reason that `ctx.skip(reason)` gave: what is missing and the line that
 * would install it. It stands before vitest's closing lines, so that those stay last.
 */
export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const text = skipText(modules.flatMap((module) => [...module.children.allTests('skipped')].map(skipOf)));
    if (text !== '') console.log(text);
  }
}

export interface Skip {
  readonly reason: string;
  readonly test: string;
}

/** One paragraph a reason, with the number of tests it holds back; empty when nothing was skipped. */
export function skipText(skips: readonly Skip[]): string {
  if (skips.length === 0) return '';
  const byReason = Map.groupBy(skips, (skip) => skip.reason);
  const lines = [...byReason].map(([reason, each]) => {
    const count =
      each.length === 1 ? `1 test: ${each[0]?.test}` : `${each.length} tests, such as: ${each[0]?.test}`;
    return `   ${reason}\n     ${count}`;
  });
  return ['', ' Skipped here (SLUICE_REQUIRE_ALL=1 turns each into a failure)', ...lines].join('\n');
}

function skipOf(test: TestCase): Skip {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  return { reason: note ?? 'no reason given', test: test.fullName };
}
