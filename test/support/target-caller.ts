/** Makes one call of a target and ends: `node target-caller.ts OPENING CALL`, both JSON. Tests kill it in the midst of it. */
import type { TargetCall } from '../contract/target.contract.ts';
import { openProcess, type TargetOpening } from './process-target-harness.ts';

const opening = JSON.parse(process.argv[2]!) as TargetOpening;
const call = JSON.parse(process.argv[3]!) as TargetCall;
const target = openProcess(opening as Extract<TargetOpening, { kind: 'process' }>);
if (call.verb === 'stop') await target.stop(call.change, call.digest);
else if (call.verb === 'run')
  await target.run(call.change, { run: call.run, digest: call.digest, environment: {} });
else await target[call.verb](call.change, call.release);
await target.close();
