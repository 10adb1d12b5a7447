import type { Doubt, FactSink } from './facts.ts';

/** A sink for whoever only wants a report's figures: everything but the doubts is forgotten at once. */
export function doubtsOnly(onDoubt: (doubt: Doubt) => void): FactSink {
  return {
    testCase: ignore,
    finding: ignore,
    benchmark: ignore,
    metric: ignore,
    component: ignore,
    mutant: ignore,
    coverage: ignore,
    tool: ignore,
    doubt: onDoubt,
  };
}

function ignore(): void {}
