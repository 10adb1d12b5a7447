# Processes: who hangs below whom, what they use, and their end.

# Fields of /proc/PID/stat from the state on; nothing for one that is gone or waits to be reaped.
sub process_fields {
    my ($pid) = @_;
    my $line = read_text("/proc/$pid/stat");
    my $behind = rindex $line, ')';
    return if $behind < 0;
    my @fields = split ' ', substr $line, $behind + 2;
    return $fields[0] =~ /[ZX]/ ? () : @fields;
}

sub start_of { return (process_fields($_[0]))[19] // 0 }

sub all_pids {
    opendir my $proc, '/proc' or return;
    return grep { /^\d+$/ } readdir $proc;
}

# Everything below these processes, themselves not among it.
sub descendants {
    my @roots = @_;
    my %children;
    for my $pid (all_pids()) {
        my @fields = process_fields($pid) or next;
        push @{ $children{ $fields[1] } }, $pid;
    }
    my @found = map { @{ $children{$_} // [] } } @roots;
    for (my $i = 0; $i < @found; $i++) { push @found, @{ $children{ $found[$i] } // [] } }
    return @found;
}

# Processes that were started with this mark in their environment, wherever they hang: a supervisor may have died above them.
sub marked {
    my ($mark) = @_;
    return grep { $_ != $$ && index("\0" . read_text("/proc/$_/environ"), "\0SLUICE_INSTANCE=$mark") >= 0 } all_pids();
}

# Asks processes to end, and kills them when the time is over; `$find` lists those that are left. True when none is.
sub end_tree {
    my ($find, $drain_ms, $meanwhile) = @_;
    my $kill_at = monotonic_ms() + $drain_ms;
    my @left = $find->();
    kill 'TERM', @left if @left;
    # A stopped process takes the signal only when it goes on.
    kill 'CONT', @left if @left;
    for (my $wait = 5; @left; @left = $find->()) {
        my $late = monotonic_ms() - $kill_at;
        return 0 if $late > 5000;
        kill 'KILL', @left if $late >= 0;
        $meanwhile->($wait);
        $wait = $wait < 50 ? $wait * 2 : 50 if $late < 0;
        $wait = 5 if $late >= 0;
    }
    return 1;
}

# Processor time in clock ticks and memory in bytes of processes. Pages that processes share count once, by the largest share.
sub usage_of {
    my @pids = @_;
    my ($ticks, $own, $shared) = (0, 0, 0);
    for my $pid (@pids) {
        my @fields = process_fields($pid) or next;
        $ticks += $_ // 0 for @fields[ 11 .. 14 ];
        my (undef, $resident, $common) = split ' ', read_text("/proc/$pid/statm");
        next if !defined $common;
        $own += $resident - $common;
        $shared = $common if $common > $shared;
    }
    return ($ticks, ($own + $shared) * POSIX::sysconf(POSIX::_SC_PAGESIZE()));
}
