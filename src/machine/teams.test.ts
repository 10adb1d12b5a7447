import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { teamsOfUser } from './teams.ts';

describe('teamsOfUser', () => {
  it('names the groups of whoever runs the program', async () => {
    const [primary] = execFileSync('id', ['-gn'], { encoding: 'utf8' }).split('\n');
    expect(await teamsOfUser()).toContain(primary);
  });
});
