import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { collect } from '../../../test/contract/executor.contract.ts';
import { freshJobKey } from '../../../test/support/one-step.ts';
import { processesOf } from '../../../test/support/processes.ts';
import { confinedTo, needsSandbox, PATH } from '../../../test/support/sandbox-harness.ts';
import { machineClock } from '../../machine/clock.ts';
import type { Confinement, Executor, StepSpec } from '../contract.ts';
import { openSandboxExecutor } from './sandbox-executor.ts';

const isRoot = process.geteuid?.() === 0;

describe('a job in the sandbox', () => {
  let folder: string;
  let work: string;
  let executor: Executor;
  beforeEach(async (context) => {
    needsSandbox(context);
    // Private to who runs Sluice: the job's own user cannot walk there by itself.
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-confined-')));
    work = workspace('work');
    const directory = join(folder, 'steps');
    executor = await openSandboxExecutor({ directory, clock: machineClock, path: PATH, requireSound: false });
    return async () => {
      await executor.shutdown();
      rmSync(folder, { recursive: true });
    };
  });

  const workspace = (name: string): string => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  };

  const step = (script: string, parts: Partial<StepSpec> = {}): StepSpec => ({
    stepKey: 'one',
    command: ['sh', '-c', script],
    directory: work,
    environment: { PATH },
    tty: false,
    onOutput: () => {},
    ...parts,
  });

  /** Runs one script as a whole job; its output and its end. */
  const run = async (
    script: string,
    confinement: Partial<Confinement> = {},
    parts: Partial<StepSpec> = {},
  ) => {
    const output = collect();
    const job = await executor.openJob({ jobKey: freshJobKey(), confinement: confinedTo(work, confinement) });
    const started = await job.start(step(script, { onOutput: output.sink, ...parts }));
    const end = await started.ended;
    const { killed } = await job.close();
    job.forget();
    return { ...end, killed, output: output.text() };
  };

  it('writes its own folders, where all it makes belongs to nobody of the machine', async () => {
    writeFileSync(join(work, 'given'), 'old');
    const { output, exit } = await run('echo new >> given && echo made > made && id -un && pwd');
    expect([exit, output]).toEqual([{ kind: 'code', code: 0 }, `sluice\n${work}\n`]);
    expect(readFileSync(join(work, 'given'), 'utf8')).toBe('oldnew\n');
    if (isRoot) expect(statSync(join(work, 'made')).uid).toBeGreaterThan(0x6fff_ffff);
  });

  it('reads what it is shown and cannot change it', async () => {
    const shown = workspace('shown');
    writeFileSync(join(shown, 'file'), 'content', { mode: 0o644 });
    chmodSync(shown, 0o755);
    const script = `cat ${shown}/file; echo x 2>/dev/null > ${shown}/file; rm -f ${shown}/file 2>/dev/null; ls ${folder}`;
    const { output } = await run(script, { readable: [shown] });
    expect(output).toBe('contentshown\nwork\n');
    expect(readFileSync(join(shown, 'file'), 'utf8')).toBe('content');
  });

  it('has a temporary folder of its own that ends with the step', async () => {
    const { output } = await run(
      'ls -A /tmp /dev/shm; echo x > /tmp/x; echo y > /dev/shm/y; df -k /tmp | tail -1',
    );
    expect(output).not.toMatch(/x$|y$/m);
    expect(existsSync('/dev/shm/y')).toBe(false);
  });

  it('opens its standard output again', async () => {
    const { output } = await run('echo one > /dev/stdout; echo two | tee /dev/stderr > /dev/null');
    expect(output).toBe('one\ntwo\n');
  });

  it('gets its variables whatever is in them, and no others', async () => {
    const environment = { PATH, A: 'a=b\n"c"', '-x': '--bind', EMPTY: '', LONG: 'l'.repeat(100_000) };
    const { output } = await run('env -0', {}, { command: ['env', '-0'], environment });
    const seen = Object.fromEntries(
      output
        .split('\0')
        .filter((line) => line !== '')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    expect(seen).toEqual({ ...environment, PWD: work });
  });

  it('can have a terminal', async () => {
    const { output } = await run('test -t 1 && stty size', {}, { tty: true });
    expect(output.trim()).toBe('24 80');
  });

  describe('and the network', () => {
    let server: Server;
    let port: number;
    beforeEach(async () => {
      server = createServer((socket) => socket.end());
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      port = (server.address() as { port: number }).port;
    });
    afterEach(() => new Promise<void>((resolve) => server.close(() => resolve())));
    const connect = () =>
      `perl -MIO::Socket::INET -e 'print IO::Socket::INET->new("127.0.0.1:${port}") ? "reached" : "not reached"'`;

    it('has none but its own loopback', async () => {
      expect((await run(connect())).output).toBe('not reached');
      expect((await run('cut -d: -f1 /proc/net/dev | tail -n +3')).output.trim()).toBe('lo');
    });

    it('has that of the machine when it is allowed', async () => {
      expect((await run(connect(), { network: 'host' })).output).toBe('reached');
    });
  });

  it('is refused what would give the machine away', async () => {
    const link = join(folder, 'link');
    symlinkSync('/etc', link);
    for (const [path, cause] of [
      ['/', 'all of it'],
      ['/etc', 'all of it'],
      [link, 'leads to /etc'],
      ['work', 'absolute'],
      [join(folder, 'missing'), 'there is none'],
    ] as const) {
      const confinement = confinedTo(work, { readable: [path] });
      const opened = executor.openJob({ jobKey: freshJobKey(), confinement });
      await expect(opened, path).rejects.toThrow(cause);
    }
    await expect(executor.openJob({ jobKey: freshJobKey() })).rejects.toThrow('has to say what it may see');
  });

  it('is refused a program or folder that is not inside', async () => {
    const outside = join(folder, 'program');
    writeFileSync(outside, '#!/bin/sh\n', { mode: 0o755 });
    await expect(run('', {}, { command: [outside] })).rejects.toThrow('is not in the sandbox');
    await expect(run('true', {}, { directory: folder })).rejects.toThrow('is not in the sandbox');
    await expect(run('true', {}, { directory: join(work, 'no') })).rejects.toThrow('cannot be entered');
  });

  it('cannot have another folder mounted by putting a link in the place of its own', async () => {
    const inner = join(work, 'inner');
    mkdirSync(inner);
    const secret = workspace('secret');
    const job = await executor.openJob({
      jobKey: freshJobKey(),
      confinement: confinedTo(work, { writable: [work, inner] }),
    });
    await (await job.start(step(`cd .. && mv ${work}/inner ${work}/old; ls ${work}`))).ended;
    // Its own mount point is busy for the job; even so the machine's side is looked at again.
    rmSync(inner, { recursive: true });
    symlinkSync(secret, inner);
    await expect(job.start(step('true', { stepKey: 'two' }))).rejects.toThrow(`it leads to ${secret}`);
    await job.close();
  });

  it('keeps its secrets from every process that is not its own (T13)', async () => {
    const secret = `canary-${Math.random().toString(36).slice(2)}-${process.pid}`;
    const reversed = [...secret].reverse().join('');
    const stop = join(folder, 'stop');
    chmodSync(folder, 0o755);
    // Another user looks at all of /proc again and again, while steps start and end; without privilege, another process.
    const scanner = spawn(
      isRoot ? 'setpriv' : 'env',
      [
        ...(isRoot ? ['--reuid', '65534', '--regid', '65534', '--clear-groups'] : []),
        'perl',
        '-e',
        SCAN,
        reversed,
        stop,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const seen = collect();
    scanner.stdout.on('data', seen.sink);
    const over = once(scanner, 'close');
    await seen.until('looking');

    const confinement = confinedTo(work);
    const job = await executor.openJob({ jobKey: freshJobKey(), confinement });
    const environment = { PATH, SECRET: secret };
    for (let i = 0; i < 20; i++) {
      const script = 'test -n "$SECRET" && sleep 0.02';
      const { ended } = await job.start(step(script, { stepKey: `s${i}`, environment }));
      expect((await ended).exit).toEqual({ kind: 'code', code: 0 });
    }
    const holder = await job.start(step('sleep 100', { stepKey: 'holder', environment }));
    const inside = collect();
    const other = await job.start(
      step(`perl -e '${SCAN}' ${reversed} /proc`, { stepKey: 'other', onOutput: inside.sink }),
    );
    await other.ended;
    expect(inside.text()).toMatch(/^looking\nlooked at [1-9]\d*\n$/);
    writeFileSync(stop, '');
    await over;
    await holder.signal('SIGKILL');
    await job.close();
    expect(seen.text()).toMatch(/^looking\nlooked at [1-9]\d*\n$/);
  });

  it('goes on with what an earlier job made, hard links too, and never changes what is outside', async () => {
    const outside = join(folder, 'outside');
    writeFileSync(outside, 'outside', { mode: 0o600 });
    linkSync(outside, join(work, 'link'));
    const before = statSync(outside).uid;
    await run('echo one > made; ln made also; chmod 600 made; mkdir -m 700 closed; echo x > closed/file');
    const { exit } = await run('echo two >> also && cat made closed/file && ! cat link');
    expect(statSync(outside).uid).toBe(before);
    if (isRoot) expect(exit).toEqual({ kind: 'code', code: 0 });
  });

  it('leaves no trap for the next one or the machine (T45)', async () => {
    const victims = workspace('victims');
    chmodSync(victims, 0o755);
    writeFileSync(join(victims, 'file'), 'safe', { mode: 0o644 });
    const confinement = { readable: [victims] };
    const { exit, killed } = await run(TRAPS.join('\n').replaceAll('VICTIMS', victims), confinement);
    expect(exit).toEqual({ kind: 'code', code: 0 });
    expect(killed).toBeGreaterThan(0);

    // The machine: nothing privileged, nothing running, and the workspace goes without what its links lead to.
    if (isRoot) {
      for (const name of readdirSync(work)) expect(lstatSync(join(work, name)).uid, name).not.toBe(0);
      expect(processesOf(work)).toEqual([]);
    }
    chmodSync(join(work, 'closed'), 0o700);
    rmSync(work, { recursive: true });
    expect(readFileSync(join(victims, 'file'), 'utf8')).toBe('safe');
    expect(statSync(join(victims, 'file')).nlink).toBe(1);

    // The next job.
    mkdirSync(work);
    const look =
      'ls -A . /tmp /dev/shm /var/tmp /run | grep trap; cat /proc/net/unix | grep trap; ps -e | grep -c sleep';
    expect((await run(look, confinement)).output).toBe('0\n');
  });
});

/** Prints each place of /proc where the text stands that it was given backwards. Ends when the file is there. */
const SCAN = `$| = 1; my ($text, $stop) = (scalar reverse($ARGV[0]), $ARGV[1]); my %seen; my $count = 0; print "looking\\n";
do {
  for my $file (glob "/proc/[0-9]*/{environ,cmdline,comm,status,stat,mountinfo,maps} /proc/[0-9]*/task/[0-9]*/environ") {
    next if $file =~ m{^/proc/$$/};
    open my $handle, "<", $file or next;
    local $/; my $content = <$handle> // next; $count++;
    print "FOUND in $file\\n" if index($content, $text) >= 0 && !$seen{$file}++;
  }
} until -e $stop;
print "looked at $count\\n";`;

const TRAPS = [
  'cp /bin/sh trap-setuid && chmod 6755 trap-setuid',
  'ln -s VICTIMS trap-link',
  'ln -s VICTIMS/file trap-file-link',
  'ln VICTIMS/file trap-hard-link 2>/dev/null',
  '(setsid sleep 1000 </dev/null >/dev/null 2>&1 &)',
  'mkdir -p .git/hooks && printf "#!/bin/sh\\ntouch VICTIMS/hooked\\n" > .git/hooks/post-checkout && chmod +x .git/hooks/*',
  'echo trap > /tmp/trap; echo trap > /dev/shm/trap',
  'echo trap > /var/tmp/trap 2>/dev/null; echo trap > /run/trap 2>/dev/null',
  'mkdir closed && echo x > closed/trap && chmod 000 closed',
  'mkfifo trap-pipe',
  'perl -MSocket -e \'socket S, AF_UNIX, SOCK_STREAM, 0; bind S, pack_sockaddr_un("\\0trap"); listen S, 1; sleep 1000\' &',
  'mkdir -p "$(printf "deep/%.0s" $(seq 200))"',
  'echo "touch VICTIMS/profile" > .bashrc; touch -- -rf "a b" "$(printf "new\\nline")"',
  'sleep 0.1; exit 0',
];
