import { child, type Node, placeOf } from '../../native/node.ts';
import { headOf } from '../../native/read.ts';
import type { PlanContainer, PlanService } from '../../plan-isolation.ts';
import { listOf, textOf, textsOf, textUnder } from './text.ts';

const START_TIMEOUT_MS = 120_000;

/** The container under `container`, which is an image or a mapping; null when there is none. */
export function containerOf(node: Node | undefined): PlanContainer | null {
  const image = node?.kind === 'map' ? textUnder(node, 'image') : textOf(node);
  if (!node || !image) return null;
  const under = (key: string) => child(node, key);
  const credentials = under('credentials');
  return {
    image,
    credentials: credentials
      ? {
          username: textUnder(credentials, 'username') ?? '',
          password: textUnder(credentials, 'password') ?? '',
        }
      : null,
    variables: textsOf(under('env')),
    ports: listOf(under('ports')),
    volumes: listOf(under('volumes')),
    user: null,
    options: textOf(under('options')),
    place: placeOf(headOf(node)),
  };
}

/** The containers under `services`. They are healthy when their image, or `--health-cmd` among their options, says so. */
export function servicesOf(node: Node | undefined): PlanService[] {
  if (node?.kind !== 'map') return [];
  return node.entries.flatMap(({ key, keySpan, value }): PlanService[] => {
    const container = containerOf(value);
    if (!container) return [];
    const words = [textUnder(value, 'entrypoint'), textUnder(value, 'command')].filter(Boolean);
    return [
      {
        kind: 'container',
        name: key,
        health: null,
        startTimeoutMs: START_TIMEOUT_MS,
        place: placeOf(keySpan),
        container,
        // One line for a shell, which takes the program that is to run first from the line too.
        command: words.length > 0 ? words.join(' ') : null,
      },
    ];
  });
}
