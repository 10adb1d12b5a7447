import type { Clock } from '../../base/port.ts';
import type { PlacedEvent } from '../../journal/event.ts';
import { deploymentStream } from '../../journal/stream.ts';
import type { Journal } from '../../store/contract.ts';

/** The journal tells of changes in less; but watching it keeps no program alive that waits for nothing else. */
const LOOK_MS = 1000;

/** Events of a deployment: what the journal has, then, with `follow`, what comes, until it is over. */
export async function* followDeployment(
  journal: Journal,
  clock: Clock,
  deploymentId: string,
  follow: boolean,
): AsyncGenerator<PlacedEvent> {
  const stream = deploymentStream(deploymentId);
  let wake = (): void => {};
  let changed = false;
  const unwatch = follow
    ? journal.watch(stream, () => {
        changed = true;
        wake();
      })
    : () => {};
  try {
    for (let sequence = 0; ; ) {
      changed = false;
      for (const event of await journal.read(stream, sequence)) {
        sequence = event.sequence;
        yield event;
        if (event.body.type === 'deployment.finished') return;
      }
      if (!follow) return;
      if (changed) continue;
      await new Promise<void>((resolve) => {
        const stop = clock.after(LOOK_MS, resolve);
        wake = () => {
          stop();
          resolve();
        };
      });
    }
  } finally {
    unwatch();
  }
}
