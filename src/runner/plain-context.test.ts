import { describe, expect, it } from 'vitest';
import { plainEnvironment } from './plain-context.ts';

describe('plainEnvironment', () => {
  it('has no branch or event text that a shell could take for more than a word', () => {
    const environment = {
      SLUICE_BRANCH: 'x$(id)',
      GITHUB_HEAD_REF: '`id`',
      GITHUB_ACTOR: "'; id",
      GITHUB_REF_NAME: 'feature/one',
      OWN: 'a $(b)',
    };
    expect(plainEnvironment(environment)).toEqual({
      SLUICE_BRANCH: '',
      GITHUB_HEAD_REF: '',
      GITHUB_ACTOR: '',
      GITHUB_REF_NAME: 'feature/one',
      OWN: 'a $(b)',
    });
  });
});
