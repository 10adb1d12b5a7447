import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { collect } from '../../../test/contract/executor.contract.ts';
import {
  type DockerEngine,
  IMAGE,
  missingForDocker,
  startDockerEngine,
} from '../../../test/support/docker-engine.ts';
import { containedIn, openTestExecutor } from '../../../test/support/docker-harness.ts';
import { needs } from '../../../test/support/require.ts';
import { machineClock } from '../../machine/clock.ts';
import { machineOwners } from '../../machine/owners.ts';
import type { Confinement, ContainerSpec, Executor, ServiceSpec, StepSpec } from '../contract.ts';
import { openServiceHost } from './service-host.ts';

const missing = await missingForDocker();
const PATH = '/bin';
/** A registry that wants credentials and has no image; prints its port, then what it is asked. */
const REGISTRY = `const server = require('node:http').createServer((request, response) => {
  const { authorization = '' } = request.headers;
  console.log(request.url, authorization);
  const status = authorization === '' ? 401 : request.url === '/v2/' ? 200 : 404;
  response.writeHead(status, { 'www-authenticate': 'Basic realm="test"' }).end('{}');
}).listen(0, '127.0.0.1', () => console.log(server.address().port));`;
let engine: DockerEngine;
let folder: string;
let work: string;
let executor: Executor;

beforeAll(async () => {
  if (missing === null) engine = await startDockerEngine();
}, 90_000);
afterAll(async () => {
  await engine?.stop();
});
beforeEach(async (context) => {
  needs(context, 'a Docker engine', missing === null, missing ?? '');
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-docker-job-')));
  work = join(folder, 'work');
  mkdirSync(work);
  executor = await openTestExecutor(join(folder, 'docker'), engine.environment);
  return async () => {
    for (const group of executor.groups()) await executor.sweepGroup(group);
    await executor.shutdown();
    rmSync(folder, { recursive: true, force: true });
  };
});

const container = (parts: Partial<ContainerSpec> = {}): ContainerSpec => ({
  image: IMAGE,
  environment: {},
  ports: [],
  volumes: [],
  user: null,
  ...parts,
});
const none = { cpus: null, memoryBytes: null, processesMax: null, diskBytes: null };

/** Runs a script in a job of its own. */
async function run(script: string, confinement: Partial<Confinement> = {}, step: Partial<StepSpec> = {}) {
  const job = await executor.openJob({ jobKey: 'run.job', confinement: containedIn(work, confinement) });
  const output = collect();
  try {
    const started = await job.start({
      stepKey: 'one',
      command: ['sh', '-c', script],
      directory: work,
      environment: { PATH },
      tty: false,
      onOutput: output.sink,
      ...step,
    });
    const end = await started.ended;
    return { ...end, text: output.text() };
  } finally {
    await job.close();
    job.forget();
  }
}

const named = async (kind: 'ps' | 'network' | 'volume') => {
  const words = kind === 'ps' ? ['ps', '--all'] : [kind, 'ls'];
  return (await engine.docker.call([...words, '--quiet', '--filter', 'label=sluice.owner'])).output;
};

describe('a job in a container', () => {
  it('has no rights of root and cannot get any', async () => {
    const { text } = await run('cat /proc/self/status');
    for (const name of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      expect(text).toMatch(new RegExp(`^${name}:\\s+0+$`, 'm'));
    }
    expect(text).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(text).toMatch(/^Seccomp:\s+2$/m);
  });

  it('writes its workspace under the same name, also as another user', async () => {
    mkdirSync(join(work, 'inner'));
    const { text, exit } = await run(`id -u; echo x > ${work}/inner/file; cat ${work}/inner/file`, {
      container: container({ user: 'worker' }),
    });
    expect(exit).toEqual({ kind: 'code', code: 0 });
    expect(text).toBe('1234\nx\n');
  });

  it('has the variables of its image, its container and its step, whatever is in them', async () => {
    const long = `${'x'.repeat(70_000)}é`;
    const odd = `two\nlines \\n "quoted" 'and' $HOME\r\n`;
    const { text } = await run(
      `printf '%s|%s|%s|%s|' "$FROM_IMAGE" "$FROM_CONTAINER" "$PLAIN" "$ODD"; printf %s "$LONG" | wc -c; env | grep -c LONG_`,
      { container: container({ environment: { FROM_CONTAINER: 'c', PLAIN: 'hidden' } }) },
      { environment: { PATH, PLAIN: ' # = plain ', ODD: odd, LONG: long } },
    );
    expect(text).toContain(`yes|c| # = plain |${odd}|`);
    expect(text).toContain(String(Buffer.byteLength(long)));
  });

  it('shows its variables neither in an argument nor to the engine', async () => {
    const job = await executor.openJob({ jobKey: 'run.job', confinement: containedIn(work) });
    const output = collect();
    const started = await job.start({
      stepKey: 'one',
      command: ['sh', '-c', 'echo ready; sleep 1000'],
      directory: work,
      environment: { PATH, TOKEN: 'very-secret-value' },
      tty: false,
      onOutput: output.sink,
    });
    await output.until('ready');
    const ids = (await engine.docker.call(['ps', '--quiet'])).output.split('\n');
    const told = await engine.docker.call(['inspect', ...ids]);
    expect(told.output).toContain('sluice.job');
    expect(told.output).not.toContain('very-secret-value');
    expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain('very-secret-value');
    const found = spawnSync('grep', ['-rlsa', 'very-secret-value', folder, '/dev/shm'], { encoding: 'utf8' });
    expect(found.stdout).toBe('');
    await started.signal('SIGKILL');
    await job.close();
  });

  it('is told which limit ended it', async () => {
    const limits = { ...none, memoryBytes: 32 * 1024 * 1024 };
    const { limit, exit } = await run('tail /dev/zero', { limits });
    expect(exit).toEqual({ kind: 'signal', signal: 'SIGKILL' });
    expect(limit).toEqual({ kind: 'memory', message: 'out of memory: limit 32 MiB' });
  });

  it('cannot have more processes or bytes than allowed', async () => {
    const many = await run('i=0; while [ $i -lt 40 ]; do sleep 100 & i=$((i+1)); done; exit 1', {
      limits: { ...none, processesMax: 16 },
    });
    expect(many.limit).toEqual({ kind: 'processes', message: 'process limit: 16' });
    const large = await run('while :; do dd if=/dev/zero of=file$i bs=1M count=1 2>/dev/null; i=x$i; done', {
      limits: { ...none, diskBytes: 4 * 1024 * 1024 },
    });
    expect(large.limit).toEqual({ kind: 'disk', message: 'disk limit: 4 MiB' });
  });

  it('has no network when it is told so', async () => {
    expect((await run('ls /sys/class/net')).text.trim()).toBe('lo');
    expect((await run('ls /sys/class/net', { network: 'host' })).text).toContain('eth0');
  });

  it('has a terminal of 80 x 24 when it is to have one', async () => {
    const { text } = await run('stty size; [ -t 1 ] && echo terminal', {}, { tty: true });
    expect(text).toBe('24 80\r\nterminal\r\n');
  });

  it.each([
    ['the socket of the engine', () => `${engine.environment.DOCKER_HOST!.slice('unix://'.length)}:/socket`],
    ['the root', () => '/:/machine'],
    ['a way up', () => `${work}/../..:/machine`],
    ['a link out of the workspace', () => `${work}/link:/machine`],
    ['a folder beside the workspace', () => `${folder}/work2:/machine`],
    ['no absolute path', () => './x:/machine'],
  ])('may not mount %s', async (_, volume) => {
    symlinkSync('/etc', join(work, 'link'));
    mkdirSync(join(folder, 'work2'));
    const confinement = { container: container({ volumes: [volume()] }) };
    await expect(run('true', confinement)).rejects.toMatchObject({ code: 'EPERM' });
  });

  it('mounts what lies in its workspace, and named volumes that end with it', async () => {
    mkdirSync(join(work, 'inner'));
    writeFileSync(join(work, 'inner', 'file'), 'inside');
    const volumes = [`${work}/inner:/inner:ro`, 'data:/data'];
    const script = 'cat /inner/file; touch /inner/x 2>/dev/null || echo -ro; echo -v > /data/x; cat /data/x';
    expect((await run(script, { container: container({ volumes }) })).text).toBe('inside-ro\n-v\n');
    expect(await named('volume')).toBe('');
  });

  it.each([
    '--privileged',
    '--cap-add=ALL',
    '--pid host',
    '-v /:/x',
    '--network=host',
    '--device=/dev/sda',
    '--security-opt seccomp=unconfined',
  ])('may not have the option %s', async (options) => {
    const problem = await run('true', { container: container({ options }) }).catch(
      (error: Error) => error.message,
    );
    expect(problem).toContain(`the container option \`${options.split(/[ =]/)[0]}\` is not allowed`);
  });

  it('may have harmless options, and cannot pass one as an image', async () => {
    const { text } = await run('cat /proc/sys/kernel/hostname', {
      container: container({ options: '--hostname "my-host"' }),
    });
    expect(text).toBe('my-host\n');
    const problem = await run('true', { container: container({ image: '--privileged' }) }).catch(
      (error: Error) => error.message,
    );
    expect(problem).toBe('`--privileged` is not the name of an image');
  });

  it('says which image is missing', async () => {
    const problem = await run('true', { container: container({ image: 'no-such-image:1' }) }).catch(
      (error: Error) => error.message,
    );
    expect(problem).toMatch(
      /^the image no-such-image:1 is not on this machine and cannot be pulled: .*docker pull/,
    );
  });

  it('gives credentials to the registry alone, and keeps none', async () => {
    const registry = engine.startInNetwork(process.execPath, ['-e', REGISTRY]);
    const asked = collect();
    registry.stdout.on('data', asked.sink);
    await asked.until('\n');
    const image = `127.0.0.1:${asked.text().trim()}/tool:1`;
    const credentials = { username: 'someone', password: 'registry-password' };
    const problem = await run('true', { container: container({ image, credentials }) }).catch(
      (error: Error) => error.message,
    );
    registry.kill('SIGKILL');
    const basic = Buffer.from('someone:registry-password').toString('base64');
    expect(asked.text()).toContain(`/v2/ Basic ${basic}\n`);
    expect(asked.text()).toContain(`/v2/tool/manifests/1 Basic ${basic}\n`);
    expect(problem).toContain(`the image ${image} is not on this machine and cannot be pulled`);
    expect(problem).not.toContain('registry-password');
    expect(existsSync(join(engine.environment.HOME!, '.docker'))).toBe(false);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('sluice-login-'))).toEqual([]);
  });

  it('is not taken for over when its command line dies', async () => {
    const job = await executor.openJob({ jobKey: 'run.job', confinement: containedIn(work) });
    const output = collect();
    const started = await job.start({
      stepKey: 'one',
      command: ['sh', '-c', 'echo ready; while [ ! -e gate ]; do sleep 0.05; done; exit 7'],
      directory: work,
      environment: { PATH },
      tty: false,
      onOutput: output.sink,
    });
    await output.until('ready');
    process.kill(started.pid, 'SIGKILL');
    // What asks after the step's shell has to find it first.
    await (
      await job.start({
        stepKey: 'two',
        command: ['true'],
        directory: '/',
        environment: { PATH },
        tty: false,
        onOutput: () => {},
      })
    ).ended;
    writeFileSync(join(work, 'gate'), '');
    expect(await started.ended).toMatchObject({ exit: { kind: 'code', code: 7 }, outputLost: true });
    await job.close();
  });

  it('is lost when its container goes', async () => {
    const job = await executor.openJob({ jobKey: 'run.job', confinement: containedIn(work) });
    const output = collect();
    const started = await job.start({
      stepKey: 'one',
      command: ['sh', '-c', 'echo ready; sleep 1000'],
      directory: work,
      environment: { PATH },
      tty: false,
      onOutput: output.sink,
    });
    await output.until('ready');
    await engine.docker.call(['rm', '--force', (await named('ps')).trim()]);
    expect((await started.ended).exit).toMatchObject({ kind: 'lost' });
    await job.close();
  });
});

describe('services in containers', () => {
  const service = (parts: Partial<ServiceSpec> = {}): ServiceSpec => ({
    ...container(),
    name: 'web',
    command: [
      'sh',
      '-c',
      'mkdir -p /www; echo hello > /www/index; echo listening; exec httpd -f -p 80 -h /www',
    ],
    health: {
      command: ['wget', '-q', '-O', '-', 'http://127.0.0.1/index'],
      intervalMs: 50,
      timeoutMs: 5000,
      retries: 3,
    },
    startTimeoutMs: 20_000,
    ...parts,
  });
  const openHost = () =>
    openServiceHost({
      directory: join(folder, 'docker'),
      clock: machineClock,
      owners: machineOwners(),
      environment: engine.environment,
    });

  it('are reached by name from a job in a container, and by port from the machine', async () => {
    const host = await openHost();
    const job = await executor.openJob({
      jobKey: 'run.job',
      confinement: containedIn(work, { network: 'host' }),
    });
    const [started] = await host.start('run.job', [service({ ports: ['80'] })], [work]);
    const port = started!.ports['80']!;
    expect(port).toBeGreaterThan(0);
    expect(engine.inNetwork('busybox', ['wget', '-q', '-O', '-', `http://127.0.0.1:${port}/index`])).toBe(
      'hello\n',
    );
    const output = collect();
    const step = await job.start({
      stepKey: 'one',
      command: ['wget', '-q', '-O', '-', 'http://web/index'],
      directory: work,
      environment: { PATH },
      tty: false,
      onOutput: output.sink,
    });
    await step.ended;
    expect(output.text()).toBe('hello\n');
    expect(await host.start('run.job', [service({ ports: ['80'] })], [work])).toEqual([started]);
    await job.close();
    await host.stop('run.job');
    expect([await named('ps'), await named('network'), await named('volume')]).toEqual(['', '', '']);
    await host.stop('run.job');
  });

  it('that do not get healthy are told of with their last lines, and none is left', async () => {
    const host = await openHost();
    const ends = service({ name: 'ends', command: ['sh', '-c', 'echo no such database; exit 3'] });
    const problem = await host
      .start('run.job', [service(), ends], [work])
      .catch((error: Error) => error.message);
    expect(problem).toBe(
      'service ends did not get healthy: it ended with exit code 3; its last lines:\nno such database',
    );
    const never = service({
      health: { command: ['sh', '-c', 'exit 9'], intervalMs: 50, timeoutMs: 5000, retries: 1 },
      startTimeoutMs: 500,
    });
    const late = await host.start('run.job', [never], [work]).catch((error: Error) => error.message);
    expect(late).toBe(
      'service web did not get healthy: in 500 ms: its check ended with exit code 9; its last lines:\nlistening',
    );
    expect([await named('ps'), await named('network')]).toEqual(['', '']);
  });

  it('cannot be reached by a job without network, which is told so', async () => {
    const host = await openHost();
    const job = await executor.openJob({ jobKey: 'run.job', confinement: containedIn(work) });
    await expect(host.start('run.job', [service()], [work])).rejects.toThrow(
      'a job without network cannot reach service containers',
    );
    await job.close();
  });

  it('of a killed owner go with a sweep, or with the next owner when nothing else is known of them', async () => {
    const host = await openHost();
    await host.start('run.job', [service({ volumes: ['data:/data'] })], [work]);
    await executor.sweepGroup('run');
    expect([await named('ps'), await named('network'), await named('volume')]).toEqual(['', '', '']);
    const owner = machineOwners().self.replace(/[^:]*$/, '1');
    const words = ['--label', `sluice.owner=${owner}`, '--label', `sluice.folder=${folder}/gone`];
    await engine.docker.call([
      'run',
      '--detach',
      '--interactive',
      '--network',
      'none',
      ...words,
      IMAGE,
      'sh',
    ]);
    await engine.docker.call(['network', 'create', ...words, 'left-behind']);
    await engine.docker.call(['volume', 'create', ...words, 'left-behind']);
    await (await openTestExecutor(join(folder, 'docker'), engine.environment)).shutdown();
    expect([await named('ps'), await named('network'), await named('volume')]).toEqual(['', '', '']);
  });
});
