import { describe, expect, it } from 'vitest';
import { shortPlan } from '../../../test/sim/delivery/random-release.ts';
import { DeploymentRig } from '../../../test/support/deployment-rig/rig.ts';
import { anEnvironment, aService } from '../../../test/support/release.ts';
import type { DeploymentEvent, EnvironmentEvent } from '../../journal/deployment-event.ts';
import { environmentStream } from '../../journal/stream.ts';

const CANARY = shortPlan('canary', 'immediate');
const NEW_ONLY = shortPlan('blue_green', 'immediate');
const RACES = process.env.SLUICE_SOAK === '1' ? 5000 : 100;
const RACERS = 10;
const NEWER = shortPlan('canary', 'immediate', { candidate: 'sha256:newer' });
const PROTECTED = shortPlan('canary', 'immediate', {
  service: aService({
    analysis: {
      intervalMs: 10_000,
      alpha: null,
      source: null,
      off: [],
      checks: [],
      triggers: [],
      place: aService().place,
    },
  }),
  environment: anEnvironment({
    protection: {
      approvals: 2,
      approvers: [],
      authorAllowed: false,
      windows: [],
      freezes: [],
      gates: [],
      branches: [],
    },
  }),
});

const sentenceOf = (events: readonly { readonly event: DeploymentEvent }[]) => {
  const last = events.at(-1)!.event;
  return last.type === 'deployment.finished' ? last.sentence : null;
};

async function environmentOf(rig: DeploymentRig): Promise<readonly EnvironmentEvent[]> {
  const events = await rig.store.journal.read(environmentStream('shop', 'production'));
  return events.map(({ body }) => body as EnvironmentEvent);
}

describe('several deployments of an environment', () => {
  it('have it one after the other, each in a process of its own', async () => {
    const rig = await DeploymentRig.open(CANARY);
    const [one, two] = [rig.process(), rig.process()];
    const first = await rig.play(one.controller.start(rig.request()));
    await rig.until(() => rig.world.percent === 5);
    const second = await rig.play(two.controller.start(rig.request(NEWER)));
    expect(await rig.play(first.finished)).toBe('succeeded');
    // It was planned while another version served.
    expect(await rig.play(second.finished)).toBe('cancelled');
    const events = await rig.events(second.deploymentId);
    expect(events.map(({ event }) => event.type)).toContain('deployment.queued');
    expect(sentenceOf(events)).toContain('it was planned while sha256:old served, but now sha256:new does');
    await rig.check(first.deploymentId);
  });

  it('race for it by the hundred, and never do two have it at the same time', async () => {
    for (let round = 0; round < RACES; round++) {
      const rig = await DeploymentRig.open(NEW_ONLY);
      const processes = Array.from({ length: RACERS }, () => rig.process());
      const driven = await rig.play(
        Promise.all(processes.map(({ controller }) => controller.start(rig.request()))),
      );
      const outcomes = await rig.play(Promise.all(driven.map(({ finished }) => finished)));
      expect(outcomes.filter((outcome) => outcome === 'succeeded')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'cancelled')).toHaveLength(RACERS - 1);
      await rig.check(driven[outcomes.indexOf('succeeded')]!.deploymentId);
      const held: (readonly [fromMs: number, toMs: number])[] = [];
      for (const { deploymentId } of driven) {
        const events = await rig.events(deploymentId);
        const from = events.find(({ event }) => event.type === 'deployment.admitted');
        if (from) held.push([from.at, events.at(-1)!.at]);
      }
      const inOrder = held.toSorted(([one], [other]) => one - other);
      for (const [index, [fromMs]] of inOrder.entries())
        if (index > 0) expect(fromMs).toBeGreaterThanOrEqual(inOrder[index - 1]![1]);
    }
  });

  it('a newer one sends back the one that goes on, when it is to supersede it', async () => {
    const rig = await DeploymentRig.open(CANARY);
    const { controller } = rig.process();
    const first = await rig.play(controller.start(rig.request()));
    await rig.until(() => rig.world.percent === 5);
    const second = await rig.play(controller.start(rig.request(NEWER, { turn: 'supersede' })));
    expect(await rig.play(first.finished)).toBe('rolled-back');
    expect(rig.world.percent).toBe(0);
    expect(await rig.play(second.finished)).toBe('succeeded');
    expect(sentenceOf(await rig.events(first.deploymentId))).toContain(`deployment ${second.deploymentId}`);
    // Who is superseded harmed nobody.
    expect(await rig.store.journal.head('release/sha256:new')).toBe(0);
  });

  it('a newer one takes the place of those of its service that still wait', async () => {
    const rig = await DeploymentRig.open(CANARY);
    const { controller } = rig.process();
    const first = await rig.play(controller.start(rig.request()));
    await rig.until(() => rig.world.percent === 5);
    const waiting = await rig.play(controller.start(rig.request(NEWER)));
    const newest = await rig.play(controller.start(rig.request(NEWER)));
    expect(await rig.play(waiting.finished)).toBe('cancelled');
    expect(sentenceOf(await rig.events(waiting.deploymentId))).toContain(newest.deploymentId);
    expect(await rig.play(first.finished)).toBe('succeeded');
  });

  it('whoever waits takes over from a holder that died, and brings it to its end first', async () => {
    const rig = await DeploymentRig.open(CANARY, { nature: 'harmful' });
    const { driven, life } = await rig.begin();
    await rig.until(() => rig.world.percent === 5);
    life.die();
    const { controller } = rig.process();
    const second = await rig.play(controller.start(rig.request(NEWER)));
    await rig.play(second.finished);
    expect(await rig.outcome(driven!.deploymentId)).toBe('rolled-back');
    await rig.play(controller.idle());
    const released = (await environmentOf(rig)).flatMap((event) =>
      event.type === 'environment.released' ? [event.deploymentId] : [],
    );
    expect(released.slice(1)).toEqual([driven!.deploymentId, second.deploymentId]);
  });

  it('do not disturb the environment of another repository', async () => {
    const rig = await DeploymentRig.open(CANARY);
    const { controller } = rig.process();
    const ours = await rig.play(controller.start(rig.request()));
    await rig.until(() => rig.world.percent === 5);
    const theirs = await rig.play(controller.start(rig.request(NEWER, { repository: 'other' })));
    // There nothing serves by the journal, so it is not what it was planned for; but it did not have to wait.
    expect(await rig.play(theirs.finished)).toBe('cancelled');
    expect(await rig.outcome(ours.deploymentId)).toBe(null);
    expect(await rig.play(ours.finished)).toBe('succeeded');
  });
});

describe('a deployment that waits for people', () => {
  const answer = (decision: 'approve' | 'reject', reason: string | null = null) =>
    ({
      type: 'deployment.answered',
      decision,
      teams: [],
      reason,
      artifact: 'sha256:new',
      plan: 'plan-1',
    }) as const;

  it('goes on when enough of them agree, whoever drives it and however often that changes', async () => {
    const rig = await DeploymentRig.open(PROTECTED);
    const { driven, life } = await rig.begin();
    const id = driven!.deploymentId;
    await rig.ask(id, answer('approve'), 'grace');
    await rig.until(() => rig.clock.monotonic() > 60_000);
    life.die();
    // Nobody drives it when the second one answers.
    await rig.ask(id, answer('approve'), 'linus');
    const { controller } = rig.process();
    const heir = await rig.play(controller.resume(id));
    expect(await rig.play(heir.finished)).toBe('succeeded');
    await rig.check(id);
    const approved = (await rig.events(id)).flatMap(({ event }) =>
      event.type === 'deployment.approved' ? [event.by] : [],
    );
    expect(approved).toEqual(['grace', 'linus']);
  });

  it('counts nobody twice and not the author, and says so', async () => {
    const rig = await DeploymentRig.open(PROTECTED);
    const { driven } = await rig.begin();
    const id = driven!.deploymentId;
    await rig.ask(id, answer('approve'), 'ada');
    await rig.ask(id, answer('approve'), 'grace');
    await rig.ask(id, answer('approve'), 'grace');
    await rig.ask(id, { ...answer('approve'), plan: 'plan-0' }, 'linus');
    await rig.settle();
    const told = (await rig.events(id)).flatMap(({ event }) =>
      'by' in event && 'reason' in event ? [event] : [],
    );
    expect(told.slice(1).map(({ type, by, reason }) => `${type} ${by} ${reason}`)).toEqual([
      'deployment.approval-refused ada the author of the change may not approve it',
      'deployment.approved grace null',
      'deployment.ask-ignored grace grace has approved it already',
      'deployment.approval-refused linus it is for another plan',
    ]);
    await rig.ask(id, answer('reject', 'not on a Friday'), 'linus');
    expect(await rig.play(driven!.finished)).toBe('cancelled');
    expect(sentenceOf(await rig.events(id))).toContain('linus rejected it: not on a Friday');
  });

  it('may be left, and whoever resumes it goes on', async () => {
    const rig = await DeploymentRig.open(PROTECTED);
    const { driven } = await rig.begin();
    expect(await rig.play(driven!.leaveIfAsked())).toBe(true);
    await expect(driven!.finished).rejects.toThrow('waits for approval');
    const id = driven!.deploymentId;
    const { controller } = rig.process();
    const heir = await rig.play(controller.resume(id));
    await rig.ask(id, answer('approve'), 'grace');
    await rig.ask(id, answer('approve'), 'linus');
    await rig.until(() => rig.world.percent === 5);
    expect(await rig.play(heir.leaveIfAsked())).toBe(false);
    expect(await rig.play(heir.finished)).toBe('succeeded');
  });
});

describe('what people ask of a deployment', () => {
  it('goes back when it is cancelled, by whoever wrote the ask', async () => {
    const rig = await DeploymentRig.open(CANARY);
    const { driven } = await rig.begin();
    const id = driven!.deploymentId;
    await rig.until(() => rig.world.percent === 5);
    await rig.ask(id, { type: 'deployment.cancel-requested', reason: 'it looks odd' }, 'grace');
    expect(await rig.play(driven!.finished)).toBe('rolled-back');
    await rig.check(id);
    const begun = (await rig.events(id)).flatMap(({ event }) =>
      event.type === 'deployment.rollback-begun' ? [event] : [],
    );
    expect(begun).toMatchObject([{ trigger: 'asked', by: 'grace' }]);
  });

  it('is not taken for new by the next owner when it changed nothing', async () => {
    const rig = await DeploymentRig.open(CANARY, { nature: 'silent' });
    const { driven, life } = await rig.begin();
    const id = driven!.deploymentId;
    await rig.until(() => rig.world.percent === 5);
    await rig.ask(id, { type: 'deployment.proceed-requested', reason: 'I am in a hurry' }, 'grace');
    await rig.settle();
    life.die();
    const { controller } = rig.process();
    const heir = await rig.play(controller.resume(id));
    // It is held for want of data later; the old word does not let it go on.
    expect(await rig.play(heir.finished)).toBe('rolled-back');
    const types = (await rig.events(id)).map(({ event }) => event.type);
    expect(types.filter((type) => type === 'deployment.ask-ignored')).toHaveLength(1);
    expect(types).not.toContain('deployment.proceeded');
  });

  it('lets a held step go on', async () => {
    const rig = await DeploymentRig.open(CANARY, { nature: 'silent' });
    const { driven } = await rig.begin();
    const id = driven!.deploymentId;
    const isHeld = async () => (await rig.events(id)).some(({ event }) => event.type === 'deployment.held');
    let held = false;
    await rig.until(() => {
      void isHeld().then((found) => {
        held = found;
      });
      return held;
    });
    await rig.ask(id, { type: 'deployment.proceed-requested', reason: 'known outage' }, 'grace');
    await rig.until(() => rig.world.percent === 50);
    const types = (await rig.events(id)).map(({ event }) => event.type);
    expect(types).toContain('deployment.proceeded');
  });
});

describe('taking over', () => {
  it('is refused while the owner lives, and when it is over', async () => {
    const rig = await DeploymentRig.open(CANARY);
    const { driven } = await rig.begin();
    const { controller } = rig.process();
    const id = driven!.deploymentId;
    await expect(controller.resume(id)).rejects.toThrow('is driven by the process process-1, which is alive');
    await expect(controller.resume('nowhere')).rejects.toThrow('there is no deployment nowhere');
    await rig.play(driven!.finished);
    await expect(controller.resume(id)).rejects.toThrow('is over');
  });

  it('pays what a dead owner owed at the end', async () => {
    const rig = await DeploymentRig.open(CANARY, { nature: 'harmful' });
    const { driven, life } = await rig.begin();
    const id = driven!.deploymentId;
    // Its last write is the end; it dies before it gave the environment back.
    await rig.until(() => rig.world.percent === 5);
    let isOver = false;
    rig.store.journal.watch(`deployment/${id}`, () => {
      void rig.outcome(id).then((outcome) => {
        if (outcome !== null && !isOver) life.die();
        isOver ||= outcome !== null;
      });
    });
    await rig.until(() => isOver);
    const { controller } = rig.process();
    const heir = await rig.play(controller.resume(id).catch(() => null));
    await (heir && rig.play(heir.finished));
    await rig.check(id);
  });
});
