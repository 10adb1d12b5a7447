/** What the tests use of Node's runner, by vitest. */
export { afterEach, beforeEach, describe, it } from 'vitest';
