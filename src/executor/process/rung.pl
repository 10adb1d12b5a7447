# Choosing how trees are killed: the first rung of the ladder that works on this machine.
use strict;
use warnings;

# The best way to kill a tree that this machine allows, found by doing it.
sub choose_rung {
    my ($forced) = @_;
    if (!$forced || $forced eq 'cgroup') {
        for my $parent (cgroup_candidates()) { return ('cgroup', $parent) if cgroup_works($parent) }
    }
    if (!$forced || $forced eq 'subreaper') { return ('subreaper', '') if has_system_calls() && -d '/proc/self' }
    return ('process-group', '') if !$forced || $forced eq 'process-group';
    return ('none', '');
}

# Our own group first, so that whoever holds Sluice in a group holds its steps too; then the root of the hierarchy.
sub cgroup_candidates {
    my $own = '';
    if (open my $file, '<', '/proc/self/cgroup') { ($own) = grep { defined } map { /^0::(.*)$/ } <$file> }
    open my $mounts, '<', '/proc/mounts' or return;
    my @roots = map { (split)[1] } grep { (split)[2] eq 'cgroup2' } <$mounts>;
    my %seen;
    return grep { !/\s/ && !$seen{$_}++ && -w $_ } map { ($_ . ($own // '') =~ s{/$}{}r, $_) } @roots;
}

sub cgroup_works {
    my ($parent) = @_;
    my $probe = "$parent/sluice-probe-$$";
    mkdir $probe or return 0;
    my ($pid, $is_born_inside) = fork_into($probe);
    if (defined $pid && !$pid) {
        write_file("$probe/cgroup.procs", '0') if !$is_born_inside;
        sleep 1;
        exit_now(0);
    }
    my $killed = 0;
    if ($pid) {
        my $tries = 0;
        select undef, undef, undef, 0.0005 until $is_born_inside || cgroup_members($probe) || $tries++ > 200;
        write_file("$probe/cgroup.kill", '1');
        waitpid $pid, 0;
        $killed = $? == 9;
    }
    return rmdir $probe && $killed;
}

sub read_line {
    my ($path) = @_;
    open my $file, '<', $path or return undef;
    chomp(my $line = <$file>);
    return $line;
}

1;
