# Finding and killing every process of a step. A step is a hash with its receipt's fields: rung, pid, start, cgroup,
# reaper, reaper_start. Whatever is killed is first checked by its start time, so that a reused number is never hit.
use strict;
use warnings;

# When process `$pid` started, in clock ticks since boot; 0 when it is gone or only waits to be reaped.
sub start_time {
    my ($pid) = @_;
    open my $file, '<', "/proc/$pid/stat" or return 0;
    my $line = <$file> // return 0;
    my @field = split ' ', substr $line, rindex($line, ')') + 2;
    return $field[0] eq 'Z' || $field[0] eq 'X' ? 0 : $field[19];
}

sub is_alive {
    my ($pid, $start) = @_;
    return $pid && $start && start_time($pid) == $start;
}

# Every process as pid => [parent, group, session], without those that only wait to be reaped.
# `$after`: leave out what is older than this process; numbers are given in order and begin again at 300.
sub process_table {
    my ($after) = @_;
    my %table;
    opendir my $proc, '/proc' or return \%table;
    my $last = $after ? last_pid() : 0;
    for my $pid (grep { /^\d/ } readdir $proc) {
        next if $after && ($last >= $after ? $pid < $after : $pid < $after && $pid > $last);
        open my $file, '<', "/proc/$pid/stat" or next;
        my $line = <$file> // next;
        my ($state, $parent, $group, $session) = split ' ', substr $line, rindex($line, ')') + 2;
        $table{$pid} = [$parent, $group, $session] if $state ne 'Z' && $state ne 'X';
    }
    return \%table;
}

sub last_pid {
    open my $file, '<', '/proc/loadavg' or return 0;
    return (split ' ', <$file>)[4];
}

# `$root` itself is not among its descendants.
sub descendants {
    my ($root, $table) = @_;
    my %children;
    push @{ $children{ $table->{$_}[0] } }, $_ for keys %$table;
    my @found = @{ $children{$root} // [] };
    for (my $i = 0; $i < @found; $i++) { push @found, @{ $children{ $found[$i] } // [] } }
    return @found;
}

# Processes whose environment at exec named the job: catches a child that left the session, unless it emptied its environment.
sub marked {
    my ($job_key, $table) = @_;
    return if $job_key eq '';
    my @found;
    for my $pid (keys %$table) {
        next if $pid == $$;
        open my $file, '<', "/proc/$pid/environ" or next;
        local $/;
        my $environment = <$file> // next;
        push @found, $pid if index("\0$environment", "\0SLUICE_JOB_KEY=$job_key\0") >= 0;
    }
    return @found;
}

sub cgroup_members {
    my ($cgroup) = @_;
    open my $file, '<', "$cgroup/cgroup.procs" or return;
    chomp(my @pids = <$file>);
    for my $nested (glob_folders($cgroup)) { push @pids, cgroup_members($nested) }
    return grep { $_ } @pids;
}

sub glob_folders {
    my ($folder) = @_;
    opendir my $handle, $folder or return;
    return grep { -d } map { "$folder/$_" } grep { !/^\./ } readdir $handle;
}

# The step's session and what still hangs below it.
sub session_members {
    my ($step, $table) = @_;
    my $pid = $step->{pid};
    return if !group_is_ours($step);
    my %found = map { $_ => 1 } grep { $_ == $pid || $table->{$_}[1] == $pid || $table->{$_}[2] == $pid } keys %$table;
    for my $member (keys %found) { $found{$_} = 1 for descendants($member, $table) }
    return keys %found;
}

# The number of a dead leader stays taken while its group or session has members. When it names a process that is not ours,
# the group is over and the number was given away.
sub group_is_ours {
    my ($step) = @_;
    my $now = start_time($step->{pid});
    return !$now || $now == $step->{start};
}

sub members {
    my ($step, $job_key) = @_;
    return cgroup_members($step->{cgroup}) if $step->{rung} eq 'cgroup';
    if ($step->{rung} eq 'subreaper' && is_alive($step->{reaper}, $step->{reaper_start})) {
        return descendants($step->{reaper}, process_table($step->{reaper}));
    }
    my $table = process_table($step->{pid});
    my %found = map { $_ => 1 } session_members($step, $table), marked($job_key // '', $table);
    return keys %found;
}

# A stopped process takes the signal only when it goes on.
sub send_signal {
    my ($step, $signal) = @_;
    return kill_tree($step, '') if $signal eq 'KILL';
    my @pids = spare_bubblewrap($step, $signal, members($step));
    kill $signal, @pids if @pids;
    kill 'CONT', @pids if @pids;
}

# The step's own process may be bubblewrap, which would die of a signal that its program handles, and take the sandbox
# along: only the others get it. While there are no others the program has not begun; then all goes at once.
sub spare_bubblewrap {
    my ($step, $signal, @pids) = @_;
    return @pids if process_name($step->{pid}) ne 'bwrap';
    my @others = grep { process_name($_) ne 'bwrap' } @pids;
    return @others if @others;
    kill $signal, $step->{pid};
    kill 'KILL', grep { $_ != $step->{pid} } @pids;
    return;
}

sub process_name {
    my ($pid) = @_;
    open my $file, '<', "/proc/$pid/comm" or return '';
    chomp(my $name = <$file> // '');
    return $name;
}

# Kills what there is at this moment and returns how many that were; to be repeated until is_gone.
sub kill_tree {
    my ($step, $job_key) = @_;
    my @pids = members($step, $job_key);
    my $is_over = $step->{over} || $step->{end};
    my $sandboxes = $is_over ? grep { process_name($_) eq 'bwrap' } @pids : 0;
    if ($step->{rung} eq 'cgroup') {
        write_file("$step->{cgroup}/cgroup.kill", '1') or kill 'KILL', @pids;
    }
    elsif (is_alive($step->{reaper}, $step->{reaper_start})) {
        kill 'USR1', $step->{reaper};
    }
    else {
        # The group at once, so that none of it can fork between two single kills.
        kill 'KILL', -$step->{pid} if group_is_ours($step);
        kill 'KILL', @pids;
    }
    # What is left of bubblewrap itself when its program is over is about to go, and nobody's work.
    return scalar @pids - $sandboxes;
}

# Whether no process of the step is left. Removes its control group then.
sub is_gone {
    my ($step, $job_key) = @_;
    return 1 if $step->{gone};
    if ($step->{rung} eq 'cgroup') {
        $step->{gone} = remove_cgroup($step->{cgroup});
    }
    elsif ($step->{rung} eq 'subreaper' && is_alive($step->{reaper}, $step->{reaper_start})) {
        return 0;
    }
    else {
        # Without /proc only the group can be asked for.
        $step->{gone} = -d '/proc/self' ? !members($step, $job_key) : !kill 0, -$step->{pid};
    }
    return $step->{gone};
}

# A step may have made groups of its own in its group.
sub remove_cgroup {
    my ($cgroup) = @_;
    return 1 if rmdir $cgroup or !-d $cgroup;
    return 0 if cgroup_members($cgroup);
    remove_cgroup($_) for glob_folders($cgroup);
    return rmdir $cgroup;
}

sub write_file {
    my ($path, $text) = @_;
    open my $file, '>', $path or return 0;
    my $written = syswrite $file, $text;
    return defined $written;
}

1;
