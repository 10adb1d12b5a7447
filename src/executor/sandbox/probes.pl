# What a job could try against the machine, tried from inside the sandbox. Prints a line for each probe: its name, a tab, and
# `denied` or what was possible. self-test.ts says what each is about and runs it:
#
#   perl probes.pl WORKSPACE OUTSIDE_FILE OUTSIDE_PID OUTSIDE_PORT REVERSED_SECRET
#
# The secret comes backwards, so that it stands nowhere but in the step's own environment.
use strict;
use warnings;
no warnings 'portable';
use Config;
use Fcntl;
use Socket;

my ($workspace, $outside_file, $outside_pid, $outside_port, $reversed) = @ARGV;
my $secret = reverse $reversed;
my $arm    = $Config{archname} =~ /^aarch64/;
my %call   = map { $_->[0] => $_->[$arm ? 2 : 1] } (
    [ mount     => 165, 40 ],  [ umount2   => 166, 39 ],  [ chroot => 161, 51 ],  [ pivot_root => 155, 41 ],
    [ unshare   => 272, 97 ],  [ setns     => 308, 268 ], [ ptrace => 101, 117 ], [ mknodat    => 259, 33 ],
    [ keyctl    => 250, 219 ], [ syslog    => 103, 116 ], [ bpf    => 321, 280 ], [ setresuid  => 117, 147 ],
    [ setgroups => 116, 159 ], [ prlimit64 => 302, 261 ], [ reboot => 169, 142 ], [ clock_settime => 227, 112 ],
    [ sethostname => 170, 161 ], [ init_module => 175, 105 ],
);

sub refused {
    my ($name, @arguments) = @_;
    return syscall($call{$name}, @arguments) < 0 ? '' : "$name was allowed";
}

sub content { my ($path) = @_; open my $file, '<', $path or return undef; local $/; return scalar <$file> }
sub status { return content('/proc/self/status') =~ /^\Q$_[0]\E:\s*(.*)$/m ? $1 : 'missing' }
sub pids { opendir my $proc, '/proc' or return; return grep { /^\d+$/ } readdir $proc }

sub first_of { for (@_) { return $_ if $_ ne '' } return '' }
sub readable { my ($path) = @_; return sysopen(my $file, $path, O_RDONLY) ? "$path can be read" : '' }
sub writable { my ($path) = @_; return sysopen(my $file, $path, O_WRONLY | O_APPEND) ? "$path can be written" : '' }
sub makeable {
    my ($folder) = @_;
    my $path = "$folder/.sluice-probe-$$";
    return '' if !sysopen my $file, $path, O_WRONLY | O_CREAT;
    unlink $path;
    return "a file can be made in $folder";
}
sub there { my ($path) = @_; return -e $path || -l $path ? "$path is there" : '' }
sub reached { my ($domain, $address) = @_; socket my $socket, $domain, SOCK_STREAM, 0 or return 0; return connect $socket, $address }

my %probe = (
    capabilities => sub { first_of(map { status($_) =~ /^0+$/ ? '' : "$_ is " . status($_) } qw(CapEff CapPrm CapInh CapBnd CapAmb)) },
    'no new privileges' => sub { status('NoNewPrivs') eq '1' ? '' : 'programs can gain privileges' },
    'user and groups' => sub {
        first_of($> == 0 || $< == 0 ? 'it is root' : '', refused('setresuid', 0, 0, 0), refused('setgroups', 0, 0));
    },
    'setuid programs' => sub {
        my @mounts = grep { !/^\S+ \S+ \S+ \S+ \S+ \S*nosuid/ } split /\n/, content('/proc/self/mountinfo');
        return @mounts ? "a mount honours setuid: $mounts[0]" : '';
    },
    'device files on mounts' => sub {
        my @mounts = grep { (split)[4] !~ m{^/dev/} && !/^\S+ \S+ \S+ \S+ \S+ \S*nodev/ } split /\n/, content('/proc/self/mountinfo');
        return @mounts ? "a mount honours devices: $mounts[0]" : '';
    },
    mount     => sub { refused('mount', 'none', $workspace, 'tmpfs', 0, 0) },
    remount   => sub { first_of(map { refused('mount', 'none', $_, '', 4096 | 32, 0) } '/', '/usr') },
    unmount   => sub { first_of(map { refused('umount2', $_, 2) } '/usr', '/proc', '/tmp') },
    'change root' => sub { first_of(refused('chroot', $workspace), refused('pivot_root', $workspace, $workspace)) },
    'make device' => sub { refused('mknodat', -100, "$workspace/device", 0020666, (1 << 8) | 1) },
    'user namespace' => sub { refused('unshare', 0x10000000) },
    'other namespaces' => sub { first_of(map { refused('unshare', $_) } 0x20000, 0x20000000, 0x40000000, 0x4000000, 0x8000000, 0x2000000) },
    'enter namespaces' => sub {
        first_of(map { my $file; sysopen($file, "/proc/1/ns/$_", O_RDONLY) ? refused('setns', fileno $file, 0) : '' } qw(user mnt pid net));
    },
    'outside processes' => sub {
        first_of(there("/proc/$outside_pid/root"), (grep { $_ > 1000 } pids()) ? 'processes of the machine are seen' : '');
    },
    'signal outside' => sub { kill(0, $outside_pid) ? "process $outside_pid can be signalled" : '' },
    'trace outside' => sub { refused('ptrace', 16, $outside_pid + 0, 0, 0) },
    'environment of others' => sub {
        my @found = grep { $_ != $$ && index(content("/proc/$_/environ") // '', $secret) >= 0 } pids();
        return @found ? "process $found[0] shows it" : '';
    },
    'arguments of others' => sub {
        my @found = grep { index(content("/proc/$_/cmdline") // '', $secret) >= 0 } pids();
        return @found ? "process $found[0] shows it" : '';
    },
    'inherited files' => sub {
        opendir my $folder, '/proc/self/fd' or return 'cannot look';
        my @open = grep { /^\d+$/ && $_ > 2 && (readlink("/proc/self/fd/$_") // '') !~ m{^/proc/\d+/fd$|^$} } readdir $folder;
        return @open ? 'open: ' . join ' ', map { "$_ is " . readlink "/proc/self/fd/$_" } @open : '';
    },
    'kernel settings' => sub {
        first_of(map { writable($_) } qw(/proc/sys/kernel/hostname /proc/sys/kernel/core_pattern /proc/sys/vm/overcommit_memory /proc/sysrq-trigger));
    },
    'kernel memory' => sub { first_of(map { readable($_) } qw(/dev/mem /dev/kmem /dev/kmsg /dev/port /proc/kcore /proc/kmsg)) },
    'kernel log' => sub { refused('syslog', 3, my $buffer = "\0" x 1024, 1024) },
    'kernel code' => sub { first_of(refused('init_module', my $image = "\0" x 64, 64, my $none = "\0"), refused('bpf', 5, my $attributes = "\0" x 128, 128)) },
    'kernel keyring' => sub {

        my $held = syscall($call{keyctl}, 11, -3, my $buffer = "\0" x 4096, 4096);
        return $held > 8 ? 'the session of Sluice is possessed' : '';
    },
    'machine' => sub { first_of(refused('reboot', 0xfee1dead, 672274793, 0, 0), refused('sethostname', my $name = 'probe', 5), refused('clock_settime', 0, my $time = pack('q2', 1, 0))) },
    'limits' => sub {
        first_of(refused('prlimit64', 0, 4, my $core = pack('Q2', ~0, ~0), 0));
    },
    'system folders' => sub { first_of(map { makeable($_) } qw(/ /usr /usr/bin /etc /dev /var /home /root /run /sys), '/proc') },
    'password file' => sub { first_of(map { readable($_) } qw(/etc/shadow /etc/gshadow /etc/sudoers /etc/ssh/ssh_host_rsa_key)) },
    'sockets of services' => sub {
        first_of(map { there($_) } map { ("/run/$_", "/var/run/$_") } qw(docker.sock containerd/containerd.sock podman/podman.sock crio/crio.sock dbus/system_bus_socket systemd/private));
    },
    'homes' => sub { my @found = glob('/root/* /root/.[a-z]* /home/*'); @found = grep { index($workspace, $_) != 0 } @found; return @found ? "$found[0] is there" : '' },
    'outside file' => sub { first_of(there($outside_file), readable($outside_file)) },
    'disks' => sub { my @found = grep { -b } glob '/dev/*'; return @found ? "$found[0] is there" : '' },
    'control groups' => sub { first_of(there('/sys/fs/cgroup'), there('/sys/kernel')) },
    'network' => sub {
        my @devices = (content('/proc/net/dev') // '') =~ /^\s*(\S+):/mg;
        return first_of((grep { $_ ne 'lo' } @devices) ? "there is @devices" : '', reached(AF_INET, pack_sockaddr_in($outside_port, inet_aton('127.0.0.1'))) ? 'a port of the machine can be reached' : '');
    },
    'sockets without a path' => sub {
        my @found = grep { /\@/ } split /\n/, content('/proc/net/unix') // '';
        return @found ? 'sockets of the machine are seen' : '';
    },
    'shared memory' => sub { my @lines = map { split /\n/, content("/proc/sysvipc/$_") // '' } qw(shm msg sem); return @lines > 3 ? 'of the machine is seen' : '' },
    'terminal' => sub { readable('/dev/tty') },
);

for my $name (sort keys %probe) {
    my $possible = eval { $probe{$name}->() };
    $possible = "the probe failed: $@" if !defined $possible;
    $possible =~ s/\s+/ /g;
    print "$name\t", $possible eq '' ? 'denied' : $possible, "\n";
}
