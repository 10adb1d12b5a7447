# Starting one step: the child that becomes the step's program, and the two small companions a step may have, which are
# forks of the supervisor: a reaper (rung subreaper) and a relay (tty).
use strict;
use warnings;
use Fcntl;

# Forks the step. `$request`: command, directory, environment (array references); `$output`: the write end of its FIFO or
# its terminal; `$status`: told "stage errno" when the program cannot be started, closed by a successful exec.
# Returns the pid, or undef with $! set.
sub fork_step {
    my ($step, $request, $output, $status) = @_;
    my ($pid, $is_born_inside) = $step->{rung} eq 'cgroup' ? fork_into($step->{cgroup}) : scalar fork;
    return $pid if !defined $pid || $pid;

    new_session();
    my $fail = sub { syswrite $status, "$_[0] " . ($! + 0); exit_now(127) };
    if ($step->{rung} eq 'cgroup' && !$is_born_inside) { write_file("$step->{cgroup}/cgroup.procs", '0') or $fail->('cgroup') }
    our $confinement;
    join_groups($confinement, $fail) if $confinement;
    my $is_sandboxed = $confinement && $confinement->{bubblewrap};
    $is_sandboxed or chdir $request->{directory} or $fail->('directory');
    reset_signals();
    if ($step->{tty}) {
        ioctl $output, 0x540e, 0;    # TIOCSCTTY: the terminal becomes the session's own
        open STDIN, '<&', $output or $fail->('input');
    }
    else {
        open STDIN, '<', '/dev/null' or $fail->('input');
    }
    open STDOUT, '>&', $output or $fail->('output');
    open STDERR, '>&', $output or $fail->('output');
    exec_bubblewrap($confinement, $request, $output, $fail) if $is_sandboxed;
    my @command = @{ $request->{command} };
    %ENV = @{ $request->{environment} };
    no warnings 'exec';
    exec { $command[0] } @command;
    $fail->('program');
}

# Opens a terminal of 80 x 24: (master, slave), or nothing with $! set. The numbers are Linux's.
sub open_terminal {
    sysopen my $master, '/dev/ptmx', O_RDWR | O_NOCTTY or return;
    ioctl $master, 0x40045431, my $unlock = pack('i', 0) or return;    # TIOCSPTLCK
    my $index = pack 'i', 0;
    ioctl $master, 0x80045430, $index or return;                      # TIOCGPTN
    ioctl $master, 0x5414, my $size = pack('S4', 24, 80, 0, 0) or return;    # TIOCSWINSZ
    sysopen my $slave, '/dev/pts/' . unpack('i', $index), O_RDWR | O_NOCTTY or return;
    return ($master, $slave);
}

# Forks the process that copies what the step writes to its terminal into the FIFO. It ends when no process has the
# terminal open any more. The supervisor itself never touches output.
sub fork_relay {
    my ($master, $slave, $writer) = @_;
    my $pid = fork;
    return $pid if !defined $pid || $pid;

    new_session();
    reset_signals();
    close $slave;
    open STDIN,  '<', '/dev/null';
    open STDOUT, '>', '/dev/null';
    while (sysread $master, my $chunk, 65536) {
        my $done = 0;
        while ($done < length $chunk) { $done += syswrite($writer, $chunk, 65536, $done) // exit_now(0) }
    }
    exit_now(0);
}

# Forks the reaper of one step, which forks the step itself. Every orphan of the step becomes the reaper's child, so none
# can get away. It tells the supervisor through `$reports`: "forked TOKEN PID START", "ended TOKEN STATUS CPU KB ALONE",
# where ALONE is 1 when the step left no process. It goes when no child is left; SIGUSR1 (also sent when the supervisor dies) makes it kill all of them first.
sub fork_reaper {
    my ($step, $request, $output, $status, $reports) = @_;
    my $supervisor = $$;
    my $pid = fork;
    return $pid if !defined $pid || $pid;

    my $signals = eval { block_signals(qw(CHLD TERM INT USR1)) };
    if (!$signals) {
        syswrite $status, 'signals ' . ($! + 0);
        exit_now(1);
    }
    become_subreaper();
    exit_now(1) if getppid != $supervisor;
    my $child = fork_step($step, $request, $output, $status);
    if (!defined $child) {
        syswrite $status, 'fork ' . ($! + 0);
        exit_now(1);
    }
    close $output;
    close $status;
    my $token = $step->{token};
    syswrite $reports, "forked $token $child " . start_time($child) . "\n";

    my $killing = 0;
    while (1) {
        my ($report, $alone);
        while (my ($ended, $wait, $cpu, $largest) = wait_child()) {
            last if $alone = $ended < 0;
            $report = "ended $token $wait $cpu $largest" if $ended == $child;
        }
        syswrite $reports, $report . ($alone ? " 1\n" : " 0\n") if $report;
        exit_now(0) if $alone;
        kill 'KILL', descendants($$, process_table()) if $killing;
        vec(my $watched = '', fileno $signals, 1) = 1;
        next if select($watched, undef, undef, $killing ? 0.002 : undef) <= 0;
        for my $signal (received_signals($signals)) {
            if    ($signal eq 'USR1') { $killing = 1 }
            elsif ($signal ne 'CHLD') { my @all = descendants($$, process_table()); kill $signal, @all; kill 'CONT', @all }
        }
    }
}

1;
