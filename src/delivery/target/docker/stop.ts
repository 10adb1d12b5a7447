import type { TargetReply } from '../contract.ts';
import { containersOf, removeContainers } from './container.ts';
import type { EngineHost } from './engine-host.ts';
import { DONE } from './install.ts';
import { LABEL } from './names.ts';

/** Asks all instances of a digest to end, kills what has not after its drain time, and removes them. */
export async function stop({ docker, area }: EngineHost, digest: string): Promise<TargetReply> {
  const filter = ['--filter', `label=${LABEL.digest}=${digest}`];
  const instances = await containersOf(docker, area, 'instance', filter);
  await Promise.all(
    instances.map(async ({ id, release }) => {
      const seconds = Math.ceil(release.drainMs / 1000);
      await docker.call(['stop', '--time', `${seconds}`, id], { timeoutMs: release.drainMs + 30_000 });
      await removeContainers(docker, [id]);
    }),
  );
  return DONE;
}
