# What survives an owner: a new one adopts steps by their receipts, the old supervisor lives on as an orphan.
use strict;
use warnings;
use Fcntl;

use constant ORPHAN_LIMIT_SECONDS => 600;
# A supervisor writes the receipt of a dead step at once, unless it is stopped.
use constant RECEIPT_LIMIT_SECONDS => 5;

our (%steps, %adopted, $orphan_since, $home, $boot);

# Reads the receipt of a step that another supervisor started. undef: there is none, or it is from before a reboot.
sub read_receipt {
    my ($name) = @_;
    open my $file, '<', "$home/$name.step" or return undef;
    my %step = (name => $name, receipt => "$home/$name.step");
    for (<$file>) {
        my ($what, @fields) = split;
        if ($what eq 'step') {
            @step{qw(boot supervisor supervisor_start token pid start rung reaper reaper_start relay relay_start cgroup)} = @fields;
        }
        else { $step{end} = [ $what, @fields ] }
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
    if (time - $orphan_since > ORPHAN_LIMIT_SECONDS) {
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
