import { afterEach, describe, expect, it } from 'vitest';
import { machineClock } from './clock.ts';

const warnings: Error[] = [];
const remember = (warning: Error) => warnings.push(warning);

afterEach(() => {
  process.off('warning', remember);
  warnings.length = 0;
});

describe('machine clock', () => {
  it('calls back at once for a delay that is over already, without a warning', async () => {
    process.on('warning', remember);
    await new Promise<void>((resolve) => {
      machineClock.after(-1, resolve);
    });
    await new Promise<void>((resolve) => {
      machineClock.after(0, resolve);
    });
    expect(warnings).toEqual([]);
  });

  it('does not call back what was cancelled', async () => {
    let called = false;
    const cancel = machineClock.after(0, () => {
      called = true;
    });
    cancel();
    await new Promise<void>((resolve) => {
      machineClock.after(5, resolve);
    });
    expect(called).toBe(false);
  });
});
