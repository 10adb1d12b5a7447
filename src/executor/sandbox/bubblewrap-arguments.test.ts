import { describe, expect, it } from 'vitest';

import { bubblewrapWords, isShown, type SandboxPlan } from './bubblewrap-arguments.ts';

const PLAN: SandboxPlan = {
  system: [
    { kind: 'folder', path: '/usr', source: '/usr' },
    { kind: 'link', path: '/bin', target: 'usr/bin' },
    { kind: 'folder', path: '/etc/resolv.conf', source: '/run/resolved/stub' },
  ],
  writable: ['/work/job', '/work/job/inner'],
  readable: ['/work/job/inner/shown'],
  network: 'none',
  directory: '/work/job',
  temporaryBytes: 1000,
  dieWithParent: false,
};

/** The command line as bubblewrap would be given it, with data as `DATA`. */
function lineOf(plan: SandboxPlan): string {
  const words = bubblewrapWords(plan);
  const values = words.filter((word) => word.startsWith('argument=')).map((word) => word.slice(9));
  for (const word of words.filter((one) => one.startsWith('data='))) values[Number(word.slice(5))] = 'DATA';
  return values.join(' ').replaceAll(' --', '\n--');
}

describe('the arguments of bubblewrap', () => {
  it('name everything that is shown, outer folders before inner ones', () => {
    expect(lineOf(PLAN)).toMatchInlineSnapshot(`
      "--unshare-all
      --unshare-user
      --disable-userns
      --cap-drop ALL
      --new-session
      --uid 1000
      --gid 1000
      --hostname sluice
      --ro-bind /usr /usr
      --symlink usr/bin /bin
      --ro-bind /run/resolved/stub /etc/resolv.conf
      --perms 0644
      --ro-bind-data DATA /etc/passwd
      --perms 0644
      --ro-bind-data DATA /etc/group
      --proc /proc
      --dev /dev
      --size 1000
      --perms 1777
      --tmpfs /dev/shm
      --remount-ro /dev
      --size 1000
      --perms 1777
      --tmpfs /tmp
      --dir /var/tmp
      --dir /run
      --bind /work/job /work/job
      --bind /work/job/inner /work/job/inner
      --ro-bind /work/job/inner/shown /work/job/inner/shown
      --remount-ro /
      --chdir /work/job"
    `);
  });

  it('keep the network only when it is allowed', () => {
    expect(lineOf({ ...PLAN, network: 'host' })).toContain('--share-net');
    expect(lineOf(PLAN)).not.toContain('--share-net');
  });

  it('let all die with the supervisor where nothing else ends a tree', () => {
    expect(lineOf({ ...PLAN, dieWithParent: true })).toContain('--die-with-parent');
  });

  it('mark which of them are paths of this machine', () => {
    const words = bubblewrapWords(PLAN);
    const values = words.filter((word) => word.startsWith('argument=')).map((word) => word.slice(9));
    const marked = words
      .filter((word) => word.startsWith('source='))
      .map((word) => values[Number(word.slice(7))]);
    expect(marked).toEqual(['/work/job', '/work/job/inner', '/work/job/inner/shown']);
  });
});

describe('isShown', () => {
  it('tells what is below something that is mounted from what only begins like it', () => {
    expect(isShown(PLAN, '/work/job/file')).toBe(true);
    expect(isShown(PLAN, '/bin/sh')).toBe(true);
    expect(isShown(PLAN, '/work/jobs')).toBe(false);
    expect(isShown(PLAN, '/')).toBe(false);
  });
});
