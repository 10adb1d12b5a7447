# What the supervisor needs of the operating system and Perl has no function for.
#
# On Linux the calls are made by number: loading POSIX would cost 8 ms at each start, and 2 MB that every fork copies the
# page tables of (0.1 ms a step). On any other system, or machine without a row in the table, POSIX does the same work,
# without resource usage, and ends of processes are looked for instead of announced.
use strict;
use warnings;
no warnings 'portable';    # 64-bit numbers are used where Perl has them only
use Config;
use Fcntl;
use Fcntl;

my %NUMBERS = (
    x86_64 => {
        mknodat => 259, setsid => 112, prctl => 157, signalfd4 => 289, rt_sigprocmask => 14,
        wait4   => 61,  exit_group => 231, close_range => 436, prlimit64 => 302, clone3 => 435,
    },
    aarch64 => {
        mknodat => 33,  setsid => 157, prctl => 167, signalfd4 => 74, rt_sigprocmask => 135,
        wait4   => 260, exit_group => 94, close_range => 436, prlimit64 => 261, clone3 => 435,
    },
);
my ($machine) = $Config{archname} =~ /^(\w+)-linux/;
my $number = $machine && !$ENV{SLUICE_SUPERVISOR_PORTABLE} ? $NUMBERS{$machine} : undef;
require POSIX if !$number;

my %SIGNAL = (HUP => 1, INT => 2, QUIT => 3, USR1 => 10, PIPE => 13, TERM => 15, CHLD => 17, TSTP => 20, TTOU => 22);
my @QUIET  = qw(HUP INT QUIT PIPE TERM TSTP TTOU);

sub has_system_calls { return defined $number }

# Blocks the signals that outsiders send, so that nobody but the owner ends the supervisor: its death would lose the exit
# status of every running step. Blocked, not ignored: a blocked signal needs no reset in a child but one call.
# Returns a handle that becomes readable when one of `@watched` arrives, or undef without system calls.
sub block_signals {
    my @watched = @_;
    if (!$number) {
        $SIG{$_} = 'IGNORE' for @QUIET;
        return undef;
    }
    my $mask = 0;
    $mask |= 1 << ($SIGNAL{$_} - 1) for @QUIET, @watched;
    syscall($number->{rt_sigprocmask}, 2, my $all = pack('Q', $mask), 0, 8);
    my $wanted = 0;
    $wanted |= 1 << ($SIGNAL{$_} - 1) for @watched;
    my $fd = syscall($number->{signalfd4}, -1, my $set = pack('Q', $wanted), 8, 0x80000 | 0x800);
    die "signalfd: $!" if $fd < 0;
    open my $handle, '<&=', $fd or die "signalfd handle: $!";
    return $handle;
}

# Gives a child the signals a fresh process has.
sub reset_signals {
    if (!$number) {
        $SIG{$_} = 'DEFAULT' for @QUIET;
        return;
    }
    syscall($number->{rt_sigprocmask}, 2, my $none = pack('Q', 0), 0, 8);
}

# The names of the signals that a handle of block_signals has received since the last call.
sub received_signals {
    my ($handle) = @_;
    my %name = reverse %SIGNAL;
    my @names;
    while (sysread $handle, my $information, 128) {
        push @names, $name{ unpack 'L', $information } // '';
    }
    return @names;
}

# One ended child: (pid, wait status, CPU milliseconds, largest resident kilobytes), the last two undef when not known.
# Nothing when no child has ended; (-1) when there is no child at all.
sub wait_child {
    if (!$number) {
        my $pid = waitpid -1, POSIX::WNOHANG();
        return $pid < 0 ? (-1) : $pid == 0 ? () : ($pid, $?, undef, undef);
    }
    my $status = pack 'i', 0;
    my $usage  = "\0" x 144;
    my $pid    = syscall $number->{wait4}, -1, $status, 1, $usage;
    return $pid < 0 ? (-1) : () if $pid <= 0;
    my ($user, $user_us, $system, $system_us, $largest) = unpack 'q5', $usage;
    return ($pid, unpack('i', $status), ($user + $system) * 1000 + int(($user_us + $system_us) / 1000), $largest);
}

sub make_fifo {
    my ($path) = @_;
    return POSIX::mkfifo($path, 0600) if !$number;
    return syscall($number->{mknodat}, -100, $path, 0010600, 0) == 0;
}

# Forks into a control group. Moving a process there afterwards waits for the kernel's RCU grace period, 5 to 15 ms where
# moves are rare; being born there costs nothing (clone3 with CLONE_INTO_CGROUP, Linux 5.7).
# Returns what fork does and whether the child is born there; where that call is forbidden it has to move by itself.
sub fork_into {
    my ($cgroup) = @_;
    if ($number && sysopen my $folder, $cgroup, O_RDONLY) {
        no warnings 'portable';
        # struct clone_args: flags (CLONE_INTO_CGROUP), three unused, exit_signal (SIGCHLD), five unused, cgroup.
        my $arguments = pack 'Q11', 0x2_0000_0000, 0, 0, 0, 17, 0, 0, 0, 0, 0, fileno $folder;
        my $pid = syscall $number->{clone3}, $arguments, length $arguments;
        return ($pid, 1) if $pid >= 0;
    }
    return (scalar fork, 0);
}

sub new_session { return $number ? syscall($number->{setsid}) : POSIX::setsid() }

# Ends this process without flushing or destructors: it is a copy of another one.
sub exit_now {
    my ($code) = @_;
    POSIX::_exit($code) if !$number;
    syscall $number->{exit_group}, $code;
}

# What is inherited by every step is set once, here: no descriptors of whoever started Sluice, no core dumps (they would
# hold secrets), the usual file mode.
sub clean_inheritance {
    umask 022;
    return if !$number;
    syscall $number->{close_range}, 3, 0xffffffff, 0;
    syscall $number->{prlimit64}, 0, 4, my $no_core = pack('Q2', 0, 0), 0;
}

# Orphans below this process become its children, and it gets SIGUSR1 when its parent dies.
sub become_subreaper {
    return 0 if !$number;
    return syscall($number->{prctl}, 36, 1, 0, 0, 0) == 0 && syscall($number->{prctl}, 1, $SIGNAL{USR1}, 0, 0, 0) == 0;
}

1;
