import { describe, expect, it } from 'vitest';

import { type ContainerPlan, publishWord, runWords } from './container-arguments.ts';
import { containerOptions } from './container-option.ts';

const PLAN: ContainerPlan = {
  name: 'one',
  image: 'image:1',
  labels: { 'sluice.job': 'a.b' },
  user: '1:1',
  network: 'none',
  alias: null,
  mounts: [{ kind: 'bind', source: '/a,b"c', target: '/d', isReadOnly: true }],
  ports: [],
  environmentFile: null,
  capabilities: [],
  limits: { cpus: 1.5, memoryBytes: 1024, processesMax: 9, fileBytes: 4096 },
  options: ['--ulimit=fsize=1'],
  isWaiting: true,
  entrypoint: '/bin/sh',
  command: ['-c', 'script'],
};

describe('the words that run a container', () => {
  it('take all rights and hold it to its limits, whatever the options say', () => {
    const words = runWords(PLAN);
    expect(words.join(' ')).toContain(
      '--cap-drop ALL --security-opt no-new-privileges --network none --user 1:1',
    );
    expect(words.join(' ')).toContain('--cpus 1.5 --memory 1024 --memory-swap 1024 --pids-limit 9');
    expect(words.indexOf('fsize=4096')).toBeGreaterThan(words.indexOf('--ulimit=fsize=1'));
    expect(words.slice(-3)).toEqual(['image:1', '-c', 'script']);
    expect(words).toContain('never');
  });

  it('keep a path with a comma or a quotation mark one path', () => {
    expect(runWords(PLAN)).toContain('type=bind,"source=/a,b""c",target=/d,readonly');
  });

  it.each([
    ['80', '127.0.0.1::80'],
    ['8080:80', '127.0.0.1:8080:80'],
    ['53/udp', '127.0.0.1::53/udp'],
  ])('publish %s on this machine alone', (port, word) => {
    expect(publishWord(port)).toBe(word);
  });
});

describe('container options', () => {
  it('are parted as a shell does it', () => {
    expect(
      containerOptions(`--shm-size 256m --health-cmd="a 'b' \\"c\\"" --hostname 'x y'z --read-only`),
    ).toEqual(['--shm-size=256m', `--health-cmd=a 'b' "c"`, '--hostname=x yz', '--read-only']);
    expect(containerOptions('')).toEqual([]);
  });

  it.each([
    ['--privileged', 'is not allowed; allowed are --add-host,'],
    ['image:2', 'is not allowed'],
    ['--dns', 'needs a value'],
    ['--read-only=x', 'takes no value'],
    [`--dns '1`, 'is not closed'],
  ])('refuse %s', (text, sentence) => {
    expect(containerOptions(text)).toContain(sentence);
  });
});
