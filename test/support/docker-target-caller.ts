/** Makes one call of a target in containers and ends: `docker-target-caller.ts OPENING CALL`, both JSON. Tests kill it in the midst of it. */
import type { TargetCall } from '../contract/target.contract.ts';
import { type DockerOpening, openOn } from './docker-target.ts';

const target = openOn(JSON.parse(process.argv[2]!) as DockerOpening);
const call = JSON.parse(process.argv[3]!) as TargetCall;
if (call.verb === 'stop') await target.stop(call.change, call.digest);
else if (call.verb === 'run')
  await target.run(call.change, { run: call.run, digest: call.digest, environment: {} });
else await target[call.verb](call.change, call.release);
await target.close();
