import { visible } from '../../../base/text.ts';
import type { Configuration } from './command.ts';
import { namesOf } from './render.ts';

/** What nginx's configuration lacks, in sentences with what to do. */
export function missingIn(
  configuration: Configuration,
  { config, upstream }: { readonly config: string; readonly upstream: string },
): readonly string[] {
  const file = visible(config);
  if (!configuration.isGood)
    return [
      `nginx does not take its configuration (${visible(configuration.reason)}); mend it, and try \`nginx -t\``,
    ];
  const { variable, format } = namesOf(upstream);
  const sentences: string[] = [];
  if (!configuration.isIncluded)
    sentences.push(`nginx does not read ${file}; add \`include ${file};\` to its \`http\``);
  else if (!configuration.isUsed)
    sentences.push(
      `nginx sends no requests to ${visible(upstream)}; add \`proxy_pass http://${variable};\` to its location`,
    );
  if (configuration.log === null)
    sentences.push(
      `nginx writes no log that Sluice can count; add \`access_log /var/log/nginx/${visible(upstream)}.log ${format};\` to its location`,
    );
  return sentences;
}
