import { fileURLToPath } from 'node:url';
import { scenarioSuite } from './suite.ts';

/** No test asks a server of the world. */
const OFFLINE = { GITHUB_SERVER_URL: '', SLUICE_ACTIONS: '' };

scenarioSuite('actions', fileURLToPath(new URL('actions', import.meta.url)), () => OFFLINE);
