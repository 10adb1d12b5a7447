import { visible } from '../base/text.ts';
import { ArtifactError } from './contract.ts';

const NAME_CHARACTERS_MAX = 128;

/** Throws an `ArtifactError` for a name that could be mistaken for a path, an option or nothing at all. */
export function checkArtifactName(name: string): void {
  const shown = visible(name.length > 40 ? `${name.slice(0, 40)}...` : name);
  if (name.length > NAME_CHARACTERS_MAX)
    throw new ArtifactError(
      'name',
      `the artifact name "${shown}" has ${name.length} characters; at most ${NAME_CHARACTERS_MAX} are good`,
    );
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._ ()=,:+@-]*$/u.test(name) || name.endsWith(' '))
    throw new ArtifactError(
      'name',
      `"${shown}" is no name for an artifact; use letters, digits, blanks and . _ ( ) = , : + @ -, and begin with a letter or digit`,
    );
}
