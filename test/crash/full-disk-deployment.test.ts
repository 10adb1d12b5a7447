import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeploymentPlan } from '../../src/delivery/plan.ts';
import type { RollbackTrigger } from '../../src/journal/deployment-event.ts';
import { checkEvent } from '../sim/delivery/invariant.ts';
import { Seeded } from '../sim/random.ts';
import { killProcessesOf } from '../support/processes.ts';
import { needs } from '../support/require.ts';
import { startLoad } from './deployment/load.ts';
import { DeploymentPlace } from './deployment/place.ts';
import { deployAndKill } from './deployment/trial.ts';
import { clearHome, fillHome, mountHome, unmountHome } from './small-disk.ts';

const LEVELS = process.env.SLUICE_SOAK === '1' ? 50 : 2;
const SEED = Number(process.env.SLUICE_SEED ?? Date.now() % 1_000_000);
const LEFT_MAX_BYTES = 2_000_000;
/** A deployment writes about so many. */
const EVENTS_MAX = 40;
/** What is not over after so long waits for room. */
const PATIENCE_MS = 45_000;
/** Once there is room again; on a slow machine a deployment takes as long. */
const NORMAL_AGAIN_MS = 60_000;

/** Reasons to go back that are the version's own. */
const BLAMING: readonly string[] = ['harm', 'alarm', 'health'] satisfies RollbackTrigger[];

const root = mkdtempSync(join(tmpdir(), 'sluice-deploy-full-'));

afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));

describe('a disk that gets full while a deployment goes on', () => {
  beforeEach((context) => {
    const probe = join(root, 'probe');
    const isAllowed = mountHome(probe);
    if (isAllowed) unmountHome(probe);
    needs(context, 'the right to mount a file system', isAllowed, 'run the tests as root');
  });

  it(`keeps users served, loses nothing, and comes to an end when there is room (SLUICE_SEED=${SEED})`, {
    timeout: 120_000 + LEVELS * 120_000,
  }, async () => {
    for (let level = 0; level < LEVELS; level++) {
      const folder = join(root, `level-${level}`);
      expect(mountHome(folder)).toBe(true);
      let place: DeploymentPlace | null = null;
      try {
        place = await DeploymentPlace.open(folder);
        const fault = level % 2 === 0 ? 'errors' : 'none';
        const random = new Seeded(SEED * 1000 + level);
        await oneLevel(place, fault, random, `SLUICE_SEED=${SEED}, level ${level}`);
      } finally {
        await place?.close();
        killProcessesOf(folder);
        unmountHome(folder);
      }
    }
  });
});

async function oneLevel(
  place: DeploymentPlace,
  fault: 'errors' | 'none',
  random: Seeded,
  said: string,
): Promise<void> {
  await deployAndKill(place, 'first', 'none', random, 0);
  await place.build('second', fault);
  const load = startLoad(place.port);
  const deploy = await place.sluice('deploy', 'production', '--detach');
  expect(deploy.code, `${said}: ${deploy.stdout} ${deploy.stderr}`).toBe(0);
  const id = (await place.newest())!;
  const after = random.below(EVENTS_MAX);
  const isOver = async () => (await place.events(id)).at(-1)?.body.type === 'deployment.finished';
  while ((await place.events(id)).length <= after && !(await isOver())) await delay(20);
  const leftBytes = Math.floor(LEFT_MAX_BYTES * random.next() ** 4);
  fillHome(place.folder, leftBytes);
  const where = `${said}, ${fault}, filled after ${after} events but for ${leftBytes}`;

  await until(async () => (await isOver()) || !place.isDriven(id), PATIENCE_MS);
  const told = await place.sluice('deployment', 'show', id);
  expect(told.stderr, where).not.toMatch(/^\s+at .*:\d+:\d+/m);
  clearHome(place.folder);
  // With no command typed: whoever drives it looks again for room.
  await until(isOver, NORMAL_AGAIN_MS);
  await load.leave();
  expect(load.tally.failures, where).toEqual([]);

  const journal = (await place.events(id)).map(({ body, at }) => ({ event: body, at }));
  const last = journal.at(-1)!.event;
  const [first] = journal;
  if (first?.event.type !== 'deployment.requested') throw new Error(`${where}: the request is gone`);
  const plan = first.event.plan as unknown as DeploymentPlan;
  for (const [index, { event }] of journal.entries()) checkEvent(event, journal.slice(0, index), plan);
  expect(last, where).toMatchObject({ type: 'deployment.finished' });
  if (last.type === 'deployment.finished') {
    const outcomes = fault === 'errors' ? ['rolled-back'] : ['rolled-back', 'succeeded'];
    expect(outcomes, `${where}: ${last.sentence}`).toContain(last.outcome);
  }
  expect(await place.damage(), where).toEqual([]);
  // A full disk is not the version's fault: it may go back for that before anything bad is known of it.
  const begun = journal.find(({ event }) => event.type === 'deployment.rollback-begun')?.event;
  const isBlamed = begun?.type === 'deployment.rollback-begun' && BLAMING.includes(begun.trigger);
  const quarantined = JSON.parse((await place.sluice('deployment', 'quarantine', '--json')).stdout);
  if (isBlamed) expect(quarantined, where).toHaveLength(1);
  if (fault === 'none') expect(quarantined, where).toEqual([]);
}

async function until(isSo: () => Promise<boolean>, limitMs: number): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (performance.now() < endMs && !(await isSo())) await delay(100);
}
