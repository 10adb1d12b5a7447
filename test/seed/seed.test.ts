import { fileURLToPath } from 'node:url';
import { scenarioSuite } from '../scenario/suite.ts';

// What users have today: the pipelines of the field's handbook, exactly as written there.
scenarioSuite('seed', fileURLToPath(new URL('fixtures', import.meta.url)));
