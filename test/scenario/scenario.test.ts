import { fileURLToPath } from 'node:url';
import { scenarioSuite } from './suite.ts';

scenarioSuite('scenario', fileURLToPath(new URL('fixtures', import.meta.url)));
