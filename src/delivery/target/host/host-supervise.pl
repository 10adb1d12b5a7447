# Supervisors: small processes, copies of this one, that outlive the request and hold what a service or a command starts. All of
# it hangs below its supervisor, also what tries to get away, so that nothing is left when it ends.

my $RESTARTS_MAX = 3;
my $MINUTE_MS    = 60_000;
my @BACK_OFF_MS  = (250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000);

# Handles that a supervisor must not keep open.
my @dropped;

# Starts a supervisor that does `$body` with a handle to report to. Returns the other end, which is at its end when it is gone.
sub fork_supervisor {
    my ($title, $body) = @_;
    pipe my $reader, my $writer or refuse('no-room', "no pipe could be made: $!; end something on the host");
    my $pid = fork // refuse('no-room', "no process could be started: $!; end something on the host");
    if (!$pid) {
        # Twice, so that nobody here has to wait for it.
        POSIX::_exit(0) if fork // 1;
        close_change();
        close $_ for $reader, @dropped;
        POSIX::setsid();
        open STDIN,  '<', '/dev/null';
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', '/dev/null';
        $0 = "sluice: $title in $root";
        become_subreaper();
        eval { $body->($writer) };
        POSIX::_exit(0);
    }
    waitpid $pid, 0;
    close $writer;
    push @dropped, $reader;
    return $reader;
}

# Starts a shell command. Returns its number and the handle of its output, or undef and why not.
sub fork_program {
    my (%of) = @_;
    pipe my $output, my $writer or return (undef, "no pipe could be made: $!");
    pipe my $status, my $trouble or return (undef, "no pipe could be made: $!");
    my $pid = fork // return (undef, "no process could be started: $!");
    if (!$pid) {
        POSIX::setsid();
        $SIG{$_} = 'DEFAULT' for qw(HUP INT QUIT PIPE TERM CHLD);
        umask 022;
        my $fail = sub { syswrite $trouble, $_[0]; POSIX::_exit(127) };
        chdir $of{directory} or $fail->("the folder $of{directory} cannot be entered: $!");
        open STDIN,  '<', '/dev/null';
        open STDOUT, '>&', $writer;
        open STDERR, '>&', $writer;
        %ENV = map { split /=/, $_, 2 } @{ $of{environment} };
        no warnings 'exec';
        exec { '/bin/sh' } 'sh', '-c', $of{command};
        $fail->("the shell cannot be started: $!");
    }
    close $writer;
    close $trouble;
    sysread $status, my $problem, 1024;
    if ($problem) { waitpid $pid, 0; return (undef, $problem) }
    return ($pid, $output);
}

# Waits for output, ends of children and signals for so long at most, and hands on what there is. Returns the wait status of the
# process that is watched once it ended.
sub attend {
    my ($program, $wait_ms) = @_;
    my $watched = '';
    vec($watched, fileno $program->{wakeup}, 1) = 1;
    vec($watched, fileno $program->{output}, 1) = 1 if $program->{output};
    if (select($watched, undef, undef, $wait_ms / 1000) > 0) {
        sysread $program->{wakeup}, my $signals, 64 if vec $watched, fileno $program->{wakeup}, 1;
        read_output($program) if $program->{output} && vec $watched, fileno $program->{output}, 1;
    }
    # Orphans too.
    while ((my $ended = waitpid -1, POSIX::WNOHANG()) > 0) { $program->{ended} = $? if $ended == $program->{pid} }
}

sub read_output {
    my ($program) = @_;
    return if !$program->{output};
    my $count = sysread $program->{output}, my $text, 65536;
    if ($count) { feed_log($program->{log}, $text) }
    elsif (defined $count) { close $program->{output}; $program->{output} = undef }
}

# Ends all that is below this process, and takes the last of its output.
sub end_program {
    my ($program, $drain_ms) = @_;
    my $is_over = end_tree(sub { descendants($$) }, $drain_ms, sub { attend($program, $_[0]) });
    while ($program->{output}) {
        vec(my $watched = '', fileno $program->{output}, 1) = 1;
        last if select($watched, undef, undef, 0) <= 0;
        read_output($program);
    }
    flush_log($program->{log});
    $program->{output} = undef;
    return $is_over;
}

# A pipe that becomes readable with each of these signals, so that none comes unseen between a look and a wait.
sub wake_on_signals {
    my ($on_term) = @_;
    pipe my $reader, my $writer;
    fcntl $_, F_SETFL, O_NONBLOCK for $reader, $writer;
    $SIG{CHLD} = sub { syswrite $writer, 'c' };
    $SIG{TERM} = sub { $on_term->(); syswrite $writer, 't' };
    return $reader;
}

sub own_lock {
    my ($folder) = @_;
    my $lock = take_lock("$folder/lock", LOCK_EX, 3000) // POSIX::_exit(0);
    syswrite $lock, "$$\n";
    return $lock;
}

# The whole life of an instance: starts it again after each end, later each time, until it is told to stop.
sub supervise_instance {
    my ($folder) = @_;
    my $is_stopped = 0;
    my $program = { wakeup => wake_on_signals(sub { $is_stopped = 1 }), pid => 0 };
    my $lock  = own_lock($folder);
    my $about = read_fields("$folder/about") // POSIX::_exit(0);
    my $claim = $about->{port} eq '' ? 1 : take_port($about->{port});
    if (!$claim) {
        eval { save_text("$folder/report", "port $about->{port} was taken meanwhile") };
        return;
    }
    my @environment = split /\0/, read_text("$folder/configuration");
    my %value_of = map { split /=/, $_, 2 } @environment;
    $program->{log} = open_log("$folder/log", [ @value_of{ split ' ', $about->{secrets} } ]);
    my ($back_off, @restarts) = (0);
    while (!$is_stopped) {
        my $since = monotonic_ms();
        my ($pid, $output) = fork_program(%$about, environment => \@environment);
        if ($pid) {
            @$program{qw(pid output ended)} = ($pid, $output, undef);
            save_state($folder, status => 'running', pid => $pid, start => start_of($pid), since => $since, restarts => "@restarts");
            eval { save_text("$folder/report", 'started') } if !@restarts;
            until ($is_stopped || defined $program->{ended}) { attend($program, 3_600_000) }
        }
        elsif (!@restarts) { eval { save_text("$folder/report", $output) }; return }
        last if $is_stopped;
        my $reason = $pid ? end_in_words($program->{ended}) : $output;
        end_program($program, 0) if $pid;
        $back_off = 0 if monotonic_ms() - $since > $MINUTE_MS;
        push @restarts, monotonic_ms();
        shift @restarts while @restarts > 20;
        save_state($folder, status => 'waiting', reason => $reason, since => $since, restarts => "@restarts");
        my $until = monotonic_ms() + $BACK_OFF_MS[$back_off];
        $back_off++ if $back_off < $#BACK_OFF_MS;
        while (!$is_stopped && (my $left = $until - monotonic_ms()) > 0) { attend($program, $left) }
    }
    save_state($folder, status => 'stopping', since => monotonic_ms(), restarts => "@restarts");
    end_program($program, $about->{drain});
}

# Full disks must not end a supervisor.
sub save_state {
    my ($folder, %state) = @_;
    eval { save_fields("$folder/state", %state) };
}

sub end_in_words {
    my ($status) = @_;
    return $status & 127 ? 'it was ended by signal ' . ($status & 127) : 'it ended with exit code ' . ($status >> 8);
}

# Whether it came to its end three times within a minute, and has not run for a minute since. A waiting restart counts.
sub is_down {
    my ($id) = @_;
    my $state = read_fields("$root/instances/$id/state") // return 0;
    my @restarts = split ' ', $state->{restarts} // '';
    return 0 if $state->{status} eq 'running' && monotonic_ms() - $state->{since} > $MINUTE_MS;
    for my $last ($RESTARTS_MAX - 1 .. $#restarts) {
        return 1 if $restarts[$last] - $restarts[ $last - $RESTARTS_MAX + 1 ] <= $MINUTE_MS;
    }
    return 0;
}

# The whole life of a command. Its receipt is kept before anybody is told.
sub supervise_command {
    my ($folder, $report, %of) = @_;
    my $is_stopped = 0;
    my $program = { wakeup => wake_on_signals(sub { $is_stopped = 1 }), log => open_log("$folder/output", $of{secrets}) };
    my $lock  = own_lock($folder);
    # Somebody may have given up on this supervisor, or done its work.
    my $entry = read_fields(change_path()) // {};
    return if ($entry->{state} // '') ne 'begun' || $entry->{ticket} ne asked('ticket');
    my $until = monotonic_ms() + $of{time};
    my ($pid, $output) = fork_program(%of);
    syswrite $report, "began\n";
    my ($code, $note) = (127, $output);
    if ($pid) {
        @$program{qw(pid output)} = ($pid, $output);
        until (defined $program->{ended} || monotonic_ms() >= $until || $is_stopped) { attend($program, $until - monotonic_ms()) }
        my $status = $program->{ended};
        ($code, $note) = defined $status ? ($status & 127 ? 128 + ($status & 127) : $status >> 8, '')
            : (124, 'it was ended because its time of ' . int($of{time} / 1000 + 0.5) . ' s was over');
        # What it left behind would go on beside what comes next.
        end_program($program, defined $status ? 0 : 500);
    }
    feed_log($program->{log}, "$note\n") if $note ne '';
    flush_log($program->{log});
    finish_change(code => $code, tail => tail_of("$folder/output"));
}
