import type { PlacedEvent } from '../../journal/event.ts';
import { deploymentStream } from '../../journal/stream.ts';
import type { Journal } from '../../store/contract.ts';

/** Events of a deployment: what the journal has, then, with `follow`, what comes, until it is over. */
export async function* followDeployment(
  journal: Journal,
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
      if (!changed) await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    unwatch();
  }
}
