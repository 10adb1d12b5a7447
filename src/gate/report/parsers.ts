import type { ReportParser } from './contract.ts';
import { junit } from './junit.ts';

/** Every kind of report, in the order in which they are shown. */
export const PARSERS: readonly ReportParser[] = [junit];
