import { visible } from '../../../base/text.ts';
import type { Facts } from './facts.ts';
import { SLOT_NAME } from './slots.ts';

/** What HAProxy's configuration lacks, in sentences with what to do. */
export function missingIn(facts: Facts | null, backend: string): readonly string[] {
  const name = visible(backend);
  if (facts === null)
    return [
      `HAProxy has no backend ${name}; add the lines of docs/routers.md to its configuration and reload it`,
    ];
  const sentences: string[] = [];
  const slots = [...facts.servers.values()].filter((server) => SLOT_NAME.test(server.name));
  for (const [kind, isBackup] of [
    ['slot', false],
    ['standby', true],
  ] as const) {
    const servers = slots.filter((server) => server.name.startsWith(kind));
    if (servers.length === 0 || servers.some((server) => server.isBackup !== isBackup))
      sentences.push(
        `the backend ${name} of HAProxy has no servers ${kind}1, ${kind}2 ...${isBackup ? ' that are backups' : ''}; add the line \`server-template ${kind} 1-16 127.0.0.1:1 disabled${isBackup ? ' backup' : ''}\` and reload it`,
      );
  }
  if (!facts.maps.has('threshold.map'))
    sentences.push(
      `the backend ${name} of HAProxy has no map \`${name}/threshold.map\`, which says where Sluice keeps what HAProxy begins with; add the lines of docs/routers.md and reload it`,
    );
  return sentences;
}
