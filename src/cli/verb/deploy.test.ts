import { describe, expect, it } from 'vitest';
import { anArtifact, DEPLOY_SOURCE, DeployWorld } from '../../../test/support/deploy-world.ts';
import { ScriptedWorld } from '../../../test/support/scripted-ports.ts';
import { digestOf } from '../../base/digest.ts';
import type { ToldDeployment } from '../../client/deployment/contract.ts';
import type { DeploymentEvent, DeploymentOutcome } from '../../journal/deployment-event.ts';
import { textWidth } from '../row.ts';

const PIPELINE = `
jobs:
  pack: {commands: [make], artifacts: [{name: web, paths: [out]}]}
services:
  web: {artifact: web, command: ./serve, port: 8080, health_checks: [{http: /health}]}
environments:
  staging:
    target: {kind: process, ports: 8100-8199}
    router: {kind: proxy, listen: 8080}
    strategy: {type: canary, weights: [10, 100], observe: 30s}
  live: {type: testing, promotion: {after: staging}, target: process}
`;

/** Somebody at a terminal of 80 columns, with deployments in memory. */
function aDesk(): { readonly cli: ScriptedWorld; readonly world: DeployWorld } {
  const cli = new ScriptedWorld();
  const world = new DeployWorld();
  cli.source = DEPLOY_SOURCE;
  cli.cwd = DEPLOY_SOURCE.path;
  cli.files.set(`${DEPLOY_SOURCE.path}/sluice.yaml`, PIPELINE);
  cli.client.deployed = world.deployments;
  return { cli, world };
}

function finished(outcome: DeploymentOutcome): DeploymentEvent {
  return {
    type: 'deployment.finished',
    outcome,
    sentence: `${digestOf('1')} serves staging`,
    durationMs: 1000,
    serving: digestOf('1'),
    partly: [],
    data: 'unchanged',
  };
}

const narrow = (text: string) => text.split('\n').every((line) => textWidth(line) <= 80);

describe('sluice deploy', () => {
  it('prints the plan, with weights, evidence and the way back', async () => {
    const { cli, world } = aDesk();
    await world.prove('1');
    world.running = [digestOf('1')];
    world.artifacts.unshift(anArtifact('2'));
    expect(await cli.run('deploy', 'staging', '--plan'), cli.err.text).toBe(0);
    expect(narrow(cli.out.text)).toBe(true);
    expect(cli.out.text).toContain('brings web 2 to staging, in place of 1');
    expect(cli.out.text).toContain('10 % of the traffic to the candidate version');
    expect(cli.out.text).toContain('way back  immediate, by itself');
    expect(world.supervised).toHaveLength(1);
  });

  it('says in the plan where users ask, and whom rules lead where', async () => {
    const { cli, world } = aDesk();
    world.artifacts = [anArtifact('1')];
    cli.files.set(
      `${DEPLOY_SOURCE.path}/sluice.yaml`,
      PIPELINE.replace(
        'strategy: {type: canary',
        'strategy: {match: [{header: X-Beta, value: "1"}], sticky: true, type: canary',
      ),
    );
    expect(await cli.run('deploy', 'staging', '--plan'), cli.err.text).toBe(0);
    const text = cli.out.text.replaceAll(/\s+/g, ' ');
    expect(text).toContain(
      'traffic built-in proxy at port 8080 of every address of this machine; header X-Beta = 1 to the candidate; visitors stay on their version',
    );
    expect(narrow(cli.out.text)).toBe(true);
  });

  it('refuses with place and way out before anything happens', async () => {
    const { cli, world } = aDesk();
    world.artifacts = [anArtifact('1')];
    expect(await cli.run('deploy', 'live')).toBe(2);
    expect(cli.err.text).toContain('exactly this artifact was not proven there');
    expect(cli.err.text).toContain('sluice.yaml:11');
    expect(cli.err.text).toContain('sluice deploy staging --artifact');
    expect(world.supervised).toEqual([]);
  });

  it.each([
    ['succeeded', 0],
    ['rolled-back', 1],
    ['cancelled', 1],
    ['stranded', 3],
  ] as const)('ends by its outcome: %s is %i', async (outcome, code) => {
    const { cli, world } = aDesk();
    world.artifacts = [anArtifact('1')];
    world.onSupervise = (id) => world.write(id, finished(outcome));
    expect(await cli.run('deploy', 'staging'), cli.err.text).toBe(code);
    expect(cli.out.text).toContain('1 serves staging');
    expect(narrow(cli.out.text)).toBe(true);
  });

  it('leaves what waits for a person when nobody sits there', async () => {
    const { cli, world } = aDesk();
    world.artifacts = [anArtifact('1')];
    const waiting = { type: 'deployment.waiting', approvalsLeft: 1, closed: null, untilMs: null } as const;
    world.onSupervise = (id) => world.write(id, waiting);
    cli.files.set(
      `${DEPLOY_SOURCE.path}/sluice.yaml`,
      PIPELINE.replace('strategy: {type: canary', 'protection: {approvals: 1}\n    strategy: {type: canary'),
    );
    expect(await cli.run('deploy', 'staging')).toBe(4);
    expect(cli.out.text).toContain('it waits for 1 approval');
    expect(cli.err.text).toContain('waits for a person');
  });

  it('does not wait with --detach', async () => {
    const { cli, world } = aDesk();
    world.artifacts = [anArtifact('1')];
    expect(await cli.run('deploy', 'staging', '--detach', '--json')).toBe(0);
    expect(JSON.parse(cli.out.text)).toEqual({ deploymentId: world.supervised[0] });
  });

  it('goes on without the one who interrupts', async () => {
    const { cli, world } = aDesk();
    world.artifacts = [anArtifact('1')];
    world.onSupervise = async () => void setTimeout(() => cli.interrupt());
    expect(await cli.run('deploy', 'staging')).toBe(1);
    expect(cli.err.text).toContain('the deployment goes on without this terminal');
  });

  it('takes its defaults from the environment, and says what is wrong in it', async () => {
    const { cli, world } = aDesk();
    world.artifacts = [anArtifact('1')];
    cli.environment = { ...cli.environment, DEPLOY_TARGET: 'staging', ROLLBACK_AUTO_TRIGGER: 'false' };
    expect(await cli.run('deploy', '--plan', '--json')).toBe(0);
    expect(JSON.parse(cli.out.text).plan).toMatchObject({
      environment: 'staging',
      wayBack: { automatic: false },
    });
    cli.environment = { ...cli.environment, DEPLOY_STRATEGY: 'canery', ROLLBACK_AUTO_TRIGGER: 'perhaps' };
    expect(await cli.run('deploy')).toBe(2);
    expect(cli.err.text).toContain('did you mean canary?');
    expect(cli.err.text).toContain('ROLLBACK_AUTO_TRIGGER is "perhaps"');
  });
});

describe('sluice deployment', () => {
  it('lists, shows and answers', async () => {
    const { cli, world } = aDesk();
    const id = await world.prove('1');
    expect(await cli.run('deployment', 'list')).toBe(0);
    expect(cli.out.text).toContain(id);
    expect(await cli.run('deployment', 'show', id.slice(-5))).toBe(0);
    expect(cli.out.text).toContain('ada asked to bring web 1 to staging, the first release there');
    expect(narrow(cli.out.text)).toBe(true);
    expect(await cli.run('deployment', 'cancel', id)).toBe(2);
    expect(cli.err.text).toContain('is over');
    expect(await cli.run('deployment', 'aprove', id)).toBe(2);
    expect(cli.err.text).toContain('did you mean sluice deployment approve?');
    expect(await cli.run('deployment', 'lift', '3f2a')).toBe(2);
    expect(cli.err.text).toContain('needs a reason');
  });

  it('gets what nobody drives going again', async () => {
    const { cli, world } = aDesk();
    world.artifacts = [anArtifact('1')];
    const id = await world.deployments.begin(await world.deployments.plan(world.ask()));
    world.clock.advance(5000);
    expect(await cli.run('deployment', 'list')).toBe(0);
    expect(world.supervised).toEqual([id, id]);
    expect(cli.err.text).toContain('a new supervisor goes on with it');
  });
});

describe('sluice rollback and environment', () => {
  it('goes back without being told where to, and says what is in quarantine', async () => {
    const { cli, world } = aDesk();
    await world.prove('1');
    await world.prove('2');
    world.onSupervise = (id) => world.write(id, finished('succeeded'));
    expect(await cli.run('rollback', 'staging', '--reason', 'slow'), cli.err.text).toBe(0);
    expect(cli.out.text).toContain('ada asked to take web in staging back to 1: slow');
    expect(await cli.run('deployment', 'quarantine')).toBe(0);
    expect(cli.out.text).toContain('ada went back from it: slow');
    expect(await cli.run('environment')).toBe(0);
    expect(cli.out.text).toContain('no rollback: 1 is the only proven release here');
  });

  it('ends well when what was still going on went back', async () => {
    const { cli, world } = aDesk();
    world.artifacts = [anArtifact('1')];
    const id = await world.deployments.begin(await world.deployments.plan(world.ask()));
    const told: string[] = [];
    cli.client.deployed = Object.assign(Object.create(world.deployments), {
      async tell(deploymentId: string, { kind }: ToldDeployment) {
        told.push(`${kind} ${deploymentId}`);
        await world.write(id, finished('rolled-back'));
        return { by: 'ada', sentence: 'it is cancelled' };
      },
    });
    expect(await cli.run('rollback', 'staging'), cli.err.text).toBe(0);
    expect(told).toEqual([`cancel ${id}`]);
    expect(cli.err.text).toContain(`deployment ${id} was still going on: it is cancelled`);
  });

  it('does not take back a rollback that is going on when it is asked for again', async () => {
    const { cli, world } = aDesk();
    await world.prove('1');
    await world.prove('2');
    expect(await cli.run('rollback', 'staging', '--detach')).toBe(0);
    const id = world.supervised.at(-1)!;
    cli.client.deployed = Object.assign(Object.create(world.deployments), {
      tell: async () => expect.fail('it was told to go back'),
    });
    expect(await cli.run('rollback', 'staging', '--detach', '--json'), cli.err.text).toBe(0);
    expect(cli.err.text).toContain(`rollback ${id} to 1 is going on already`);
    expect(cli.out.text).toContain(JSON.stringify(id));
  });

  it('prints the plan of a manual rollback and changes nothing', async () => {
    const { cli, world } = aDesk();
    await world.prove('1');
    await world.prove('2');
    expect(await cli.run('rollback', 'staging', '--strategy', 'manual')).toBe(0);
    expect(cli.out.text).toContain('takes web in staging back to 1');
    expect(world.supervised).toHaveLength(2);
  });
});
