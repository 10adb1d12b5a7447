# What survives an owner: a new one adopts steps by their receipts, the old supervisor lives on as an orphan.
use strict;
use warnings;
use Fcntl qw(:DEFAULT :flock);

use constant ORPHAN_LIMIT_SECONDS => 600;
# A supervisor writes the receipt of a dead step at once, unless it is stopped.
use constant RECEIPT_LIMIT_SECONDS => 5;

our (%steps, %adopted, %claimed, $orphan_since, $orphan_limit, $home, $boot, $own_start);

# Reads the receipt of a step that another supervisor started. undef: there is none, or it is from before a reboot.
sub read_receipt {
    my ($name) = @_;
    open my $file, '<', "$home/$name.step" or return undef;
    my %step = (name => $name, receipt => "$home/$name.step", is_ours => 1);
    for (<$file>) {
        my ($what, @fields) = split;
        if ($what eq 'step') {
            @step{qw(boot supervisor supervisor_start token pid start rung reaper reaper_start relay relay_start cgroup)} = @fields;
        }
        elsif ($what eq 'ended' || $what eq 'failed') { $step{end} = [ $what, @fields ] }
    }
    return undef if !$step{token};
    $step{cgroup} //= '';
    $step{fifo} = "$home/$name.$step{token}";
    # Numbers of processes from before a reboot mean others now.
    @step{qw(pid start reaper relay supervisor gone)} = (0, 0, 0, 0, 0, 1) if $step{boot} ne $boot;
    return \%step;
}

sub adopt {
    my ($name) = @_;
    my $step = read_receipt($name);
    return answer('unknown', $name) if !$step;
    $steps{$name} = $adopted{$name} = $step;
    # As long as the first supervisor lives it holds the output; this is for the time after it.
    sysopen $step->{keeper}, $step->{fifo}, O_RDONLY | O_NONBLOCK;
    answer('adopted', $name, $step->{token}, $step->{pid});
}

sub claim {
    my ($id, $name) = @_;
    my $log = $claimed{$name} // make_receipt($name);
    $claimed{$name} = $log if $log;
    answer('done', $id, $log ? 1 : 0);
}

# Makes the receipt of a step that nobody has begun, and so claims it: whoever was told to start it, and has not read that yet,
# finds the receipt and fails. Returns its handle; undef when it was begun, or may have been.
sub make_receipt {
    my ($name) = @_;
    my $claim = "claimed $boot $$ $own_start\n";
    my $file  = "$home/$name.step";
    if (sysopen my $log, $file, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0600) {
        syswrite $log, $claim;
        return $log;
    }
    # Claims of processes that died before they began it do not count; locked, because two may look at them at once.
    sysopen my $log, $file, O_RDWR | O_APPEND or return undef;
    flock $log, LOCK_EX or return undef;
    # Opened for appending it stands at the end.
    seek $log, 0, 0;
    my @lines = <$log>;
    for my $line (@lines) {
        my ($what, $claim_boot, $pid, $start) = split ' ', $line;
        return undef if $what ne 'claimed' || !defined $start || $claim_boot ne $boot || is_alive($pid, $start);
    }
    return undef if !@lines;
    syswrite $log, $claim;
    flock $log, LOCK_UN;
    return $log;
}

# The handle of the receipt of a step that is about to begin; undef with $! set when that is another's.
sub begin_receipt {
    my ($name) = @_;
    my $log = delete $claimed{$name};
    if (!$log) {
        return $log if sysopen $log, "$home/$name.step", O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0600;
        my $error = $!;
        $log = make_receipt($name);
        if (!$log) {
            $! = $error;
            return undef;
        }
    }
    syswrite $log, "starting\n";
    return $log;
}

sub watch_adopted {
    for my $step (values %adopted) {
        # Asked before the receipt is read: what was found dead here cannot write one behind our back.
        my $may_come = end_may_come($step);
        my $end = (read_receipt($step->{name}) // {})->{end};
        next if !$end && $may_come;
        delete $adopted{ $step->{name} };
        $step->{over} = 1;
        my ($what, @fields) = @{ $end // ['lost'] };
        answer($what, $step->{name}, $what eq 'ended' ? $step->{pid} : (), @fields);
    }
}

sub end_may_come {
    my ($step) = @_;
    return 1 if is_alive($step->{pid}, $step->{start});
    $step->{dead_since} ||= time;
    return is_alive($step->{supervisor}, $step->{supervisor_start}) && time - $step->{dead_since} < RECEIPT_LIMIT_SECONDS;
}

sub live_as_orphan {
    if (time - $orphan_since > ($orphan_limit // ORPHAN_LIMIT_SECONDS)) {
        kill_tree($_) for grep { !is_gone($_) } values %steps;
        kill_relay($_) for values %steps;
        unlink map { $_->{fifo} } values %steps;
        exit_now(0);
    }
    # Whoever took a step over kills what it left and then removes its receipt. Without a receipt nobody can take it over.
    for my $step (grep { !-e $_->{receipt} } values %steps) {
        if    (!is_gone($step)) { kill_tree($step) }
        elsif ($step->{over})   { delete $steps{ $step->{name} } }
    }
    exit_now(0) if !%steps;
}

1;
