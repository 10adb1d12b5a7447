import { performance } from 'node:perf_hooks';
import type { Clock } from '../base/port.ts';

/** The longest delay that setTimeout takes; a longer one is waited for in pieces. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

/** The machine's clock. */
export const machineClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const due = performance.now() + delayMs;
    let timer: NodeJS.Timeout;
    const wait = () => {
      const left = due - performance.now();
      timer = setTimeout(
        left > TIMEOUT_MAX_MS ? wait : callback,
        Math.max(0, Math.min(left, TIMEOUT_MAX_MS)),
      );
    };
    wait();
    return () => clearTimeout(timer);
  },
};
