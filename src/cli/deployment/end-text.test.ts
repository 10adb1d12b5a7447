import { describe, expect, it } from 'vitest';
import { DeploymentPlay } from '../../../test/support/deployment.ts';
import { aRelease } from '../../../test/support/release.ts';
import { foldDeployment } from '../../client/deployment/fold.ts';
import { compilePlan } from '../../delivery/strategy/compile.ts';
import type { PlacedEvent } from '../../journal/event.ts';
import { makeLook } from '../look.ts';
import { endLines } from './end-text.ts';

const LOOK = makeLook({ width: 200, height: 50, colour: false, unicode: true, live: false });

function endOf(play: DeploymentPlay): string {
  while (play.state.phase === 'back-acting') play.end();
  const events = play.events.map(
    (body, index) => ({ stream: 'd', sequence: index + 1, schemaVersion: 1, at: index, body }) as PlacedEvent,
  );
  return endLines(foldDeployment(events, new Map()), LOOK).join('\n');
}
const watched = () => new DeploymentPlay(compilePlan(aRelease({ type: 'canary' }))).admit().toWatch();

describe('the end of a deployment', () => {
  it('names the command that lifts the quarantine of what harmed', () => {
    const text = endOf(watched().look({ requests: 1000, errors: 300 }));
    expect(text).toContain('new is in quarantine');
    expect(text).toContain('sluice deployment lift new --reason TEXT');
  });

  it('says that nothing was found against a version that nobody used', () => {
    const play = watched();
    for (let minute = 0; minute < 40 && play.state.phase === 'watching'; minute++) play.see(null);
    play.deadline();
    expect(endOf(play)).toContain('nothing was found against new: it may be deployed again');
  });
});
