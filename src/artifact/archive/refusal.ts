import { visible } from '../../base/text.ts';
import { ArtifactError } from '../contract.ts';

const SHOWN_MAX = 80;

/** Why an archive is not taken. `entry`: its name as the archive has it; null when it is not about one entry. */
export function refusal(entry: string | null, reason: string): ArtifactError {
  if (entry === null) return new ArtifactError('unsafe', `the archive ${reason}; nothing of it was taken`);
  const shown = entry.length > SHOWN_MAX ? `${entry.slice(0, SHOWN_MAX)}...` : entry;
  return new ArtifactError(
    'unsafe',
    `entry "${visible(shown)}" of the archive ${reason}; nothing of it was taken`,
  );
}
