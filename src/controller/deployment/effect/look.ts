import { judgesLatency } from '../../../delivery/judges-latency.ts';
import { presentStep } from '../../../delivery/machine/state.ts';
import { thresholdsOutput } from './latency.ts';
import { type Answer, digestFor, done, failed, type Scene, skipped } from './scene.ts';

/** Whether what goes back is really there, before anything is changed. */
export async function checkWayBack(scene: Scene): Promise<Answer> {
  const digest = digestFor(scene, 'stable');
  if (digest === null) return skipped('there is no version to go back to');
  const { target, release } = scene.surroundings;
  const missing = await target.missing(await release(digest));
  return missing.length === 0 ? done() : failed(`the way back is not there: ${missing.join('; ')}`);
}

/** Fixes what counts as slow from what the stable version does now. */
export async function freezeQuantiles(scene: Scene, nowMs: number): Promise<Answer> {
  const { surroundings, state, timeoutMs } = scene;
  const { source } = surroundings;
  const { candidate, stable } = state.request;
  if (!judgesLatency(state.plan.analysis)) return skipped('latency is not judged');
  if (source === null || stable === null)
    return failed('nothing here measures latencies; give the analysis a source');
  const span = {
    fromMs: nowMs,
    // A service with few requests needs all of the time; one with many is ready at once.
    toMs: nowMs + timeoutMs,
    candidate,
    stable,
    thresholdsMs: null,
    slowMs: {},
    timeoutMs,
  };
  // Where it only is noted, a service that nobody uses is not waited for. Elsewhere its requests may come in waves.
  const frozen = await source.quantiles(span, presentStep(state)?.onFailure === 'note');
  return frozen === null
    ? failed(
        'the latencies of the stable version cannot be had, or it has too few requests; else switch the check `latency` off',
        true,
      )
    : done(thresholdsOutput(frozen));
}
