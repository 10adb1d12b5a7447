import { describe, expect, it } from 'vitest';

import {
  connectionProblem,
  destinationProblem,
  knownHostsOf,
  type SshDestination,
  sshWords,
} from './destination.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGZvb2JhcmZvb2JhcmZvb2JhcmZvb2JhcmZvb2Jh';
const web: SshDestination = { host: 'web-1.example.org', port: 2222, user: 'deploy', hostKey: KEY };
const files = { socket: '/tmp/x/s', key: '/tmp/x/key', knownHosts: '/tmp/x/known' };

describe('destination', () => {
  it('is a name or an address, a port, a user and a host key', () => {
    const good = [
      web,
      { ...web, host: '10.0.0.1' },
      { ...web, host: 'fe80::1%eth0' },
      { ...web, user: null },
    ];
    for (const destination of good) expect(destinationProblem(destination)).toBe(null);
    expect(destinationProblem({ ...web, hostKey: `web-1 ${KEY} root@web-1\n` })).toBe(null);
    expect(destinationProblem({ ...web, hostKey: null })).toBe(null);
  });

  it('is refused when ssh would take it for something else', () => {
    const hosts = ['-oProxyCommand=touch /tmp/x', '', 'a b', 'a\nb', 'ssh://user:pass@host', 'a;b', '../x'];
    for (const host of hosts) expect(destinationProblem({ ...web, host })).toContain('correct `host`');
    for (const user of ['-l', 'a b', '', 'a;b'])
      expect(destinationProblem({ ...web, user })).toContain('correct `user`');
    for (const port of [0, -1, 65_536, 22.5, Number.NaN])
      expect(destinationProblem({ ...web, port })).toContain('is no port');
    for (const hostKey of ['', 'AAAA', `${KEY}\nother ${KEY}`, 'ssh-ed25519', '* ssh-rsa'])
      expect(destinationProblem({ ...web, hostKey })).toContain('ssh-keyscan');
  });

  it('has its host key under a name of its own', () => {
    expect(knownHostsOf(`web-1 ${KEY} root@web-1`)).toBe(`sluice-host ${KEY}\n`);
  });
});

describe('words of ssh', () => {
  const optionsOf = (words: readonly string[]) =>
    words.filter((_, index) => words[index - 1] === '-o').toSorted();

  it('ask nobody and trust only the host key', () => {
    const words = sshWords(web, files, 'exit 0', true);
    expect(words.slice(-6)).toEqual(['2222', '-l', 'deploy', '--', 'web-1.example.org', 'exit 0']);
    expect(optionsOf(words)).toEqual(
      expect.arrayContaining([
        'BatchMode=yes',
        'ControlMaster=auto',
        'ControlPath=/tmp/x/s',
        'ForwardAgent=no',
        'GlobalKnownHostsFile=/dev/null',
        'HostKeyAlias=sluice-host',
        'IdentitiesOnly=yes',
        'IdentityAgent=none',
        'IdentityFile=/tmp/x/key',
        'PasswordAuthentication=no',
        'StrictHostKeyChecking=yes',
        'UserKnownHostsFile=/tmp/x/known',
      ]),
    );
  });

  it('leave keys and known hosts to the user when none are given', () => {
    const words = sshWords({ ...web, user: null, hostKey: null }, { ...files, key: null }, 'exit 0', true);
    const options = optionsOf(words).join(' ');
    expect(options).not.toMatch(/Identit|KnownHosts|HostKeyAlias/);
    expect(options).toContain('StrictHostKeyChecking=yes');
    expect(words).not.toContain('-l');
  });

  it('make no second connection for a command', () => {
    const options = optionsOf(sshWords(web, files, 'x', false));
    expect(options).toContain('ControlMaster=no');
    expect(options).toContain('ProxyCommand=exit 1');
  });
});

describe('connection problem', () => {
  it('says what to do about what ssh complains of', () => {
    const cases: [complaint: string, words: string][] = [
      ['@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.', '`host_key`'],
      ['deploy@web-1: Permission denied (publickey).', '`authorized_keys`'],
      ['ssh: Could not resolve hostname web-1: Name or service not known', 'correct `host`'],
      ['ssh: connect to host web-1 port 2222: Connection refused', 'start sshd'],
      ['ssh: connect to host web-1 port 2222: Connection timed out', 'the host is up'],
      ['kex_exchange_identification: \u001b[31mbanner', '\\u{1b}'],
      ['', 'ssh said nothing'],
    ];
    for (const [complaint, words] of cases) expect(connectionProblem(complaint, web)).toContain(words);
    const unknown = 'No ED25519 host key is known for web-1 and you have requested strict checking.';
    expect(
      connectionProblem(`${unknown}\nHost key verification failed.`, { ...web, hostKey: null }),
    ).toContain('connect once');
  });
});
