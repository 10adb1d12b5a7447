import process from 'node:process';
import type { Clock } from '../base/port.ts';

/** The longest delay that setTimeout takes; a longer one is waited for in pieces. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

/** The machine's clock. */
export const machineClock: Clock = {
  now: () => Date.now(),
  monotonic: monotonicMs,
  after(delayMs, callback) {
    const due = monotonicMs() + delayMs;
    let timer: NodeJS.Timeout;
    const wait = () => {
      const left = due - monotonicMs();
      timer = setTimeout(
        left > TIMEOUT_MAX_MS ? wait : callback,
        Math.max(0, Math.min(left, TIMEOUT_MAX_MS)),
      );
    };
    wait();
    return () => clearTimeout(timer);
  },
};

/** Not `performance.now()`: what Node loads for that takes a millisecond of every run. */
function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
