# What makes a change one change: the lock, the fence, and what became of each key.

my $change_lock;

# Opens the change of this request: takes the lock, looks at the fence and at the key. Calls `$do`, and keeps what became of it.
sub change {
    my ($do) = @_;
    open_change();
    my $entry = known_change();
    return answer($entry) if $entry && $entry->{state} eq 'done';
    begin_change();
    my $is_done = eval { $do->(); 1 };
    if (!$is_done) {
        my $error = $@;
        # Refused: nothing was changed, so there is nothing to keep. Anything else stays as it is, for whoever asks next.
        unlink change_path() if ref $error;
        die $error;
    }
    finish_change();
    report(reply => 'done');
}

sub open_change {
    my $waited = asked('timeout') - 200;
    $change_lock = take_lock("$root/lock", LOCK_EX, $waited)
        or refuse('failed', 'another change is still going on there; ask again when it is over');
    my $seen = seen_fence();
    refuse('older-fence', "fence $seen was seen already; a later owner or step was here, so leave it to that one")
        if compare_fences(own_fence(), $seen) < 0;
    save_text("$root/fence", own_fence() . "\n") if $seen ne own_fence();
}

# Lets the next change begin while this one only waits. Forks drop it too.
sub close_change { undef $change_lock }

sub own_fence { return asked('token') . ' ' . asked('order') }

sub seen_fence { return read_text("$root/fence") =~ s/\s+$//r || '-1 -1' }

sub compare_fences {
    my ($token, $order, $other_token, $other_order) = map { split } @_;
    return $token <=> $other_token || $order <=> $other_order;
}

sub change_path { return "$root/changes/" . asked('id') }

# What is kept under the key; undef: nothing, or what no longer matters. Refuses a request that was given up.
sub known_change {
    my $entry = read_fields(change_path()) or return undef;
    if ($entry->{state} eq 'void') {
        refuse('failed', 'the request came late: its caller has been told that it was not done')
            if $entry->{token} == asked('token') && asked('ticket') <= $entry->{ticket};
        return undef;
    }
    refuse('invalid', "the key is that of another change ($entry->{verb}); give each change a key of its own")
        if $entry->{verb} ne asked('verb');
    return $entry;
}

sub begin_change {
    save_fields(change_path(),
        key => asked('key'), verb => asked('verb'), state => 'begun', token => asked('token'), ticket => asked('ticket'),
        at => now_ms(), boot => boot_id());
}

sub finish_change {
    my %more = @_;
    save_fields(change_path(), %{ read_fields(change_path()) // {} }, state => 'done', ended => now_ms(), %more);
}

sub answer {
    my ($entry) = @_;
    report(reply => 'done', map { exists $entry->{$_} ? ($_ => $entry->{$_}) : () } qw(code tail));
}

# What became of a change. What is begun and has nobody who does it can be done again, but for a command.
sub probe {
    my $path = change_path();
    if (compare_fences(own_fence(), seen_fence()) < 0) {
        return report(reply => 'unknown', reason => 'a later owner was here');
    }
    # One that is going on holds the lock, or, when it is a command, its own.
    my $lock = take_lock("$root/lock", LOCK_EX, 50);
    my $entry = read_fields($path);
    if (!$lock && (!$entry || $entry->{state} ne 'done')) {
        $lock = take_lock("$root/lock", LOCK_EX, asked('timeout') - 200)
            or return report(reply => 'unknown', reason => 'a change is still going on there');
        $entry = read_fields($path);
    }
    save_text("$root/fence", own_fence() . "\n") if $lock && seen_fence() ne own_fence();
    if ($entry && $entry->{state} eq 'done') { return answer($entry) }
    if ($entry && $entry->{verb} eq 'run' && $entry->{state} eq 'begun' && -e "$root/commands/" . asked('id') . '/lock') {
        return report(reply => 'unknown', reason => 'the command still runs') if is_held("$root/commands/" . asked('id') . '/lock');
        # It may have ended between the two looks.
        $entry = read_fields($path);
        return answer($entry) if $entry->{state} eq 'done';
        return report(reply => 'failed', reason => interrupted());
    }
    save_fields($path, key => asked('key'), verb => 'probe', state => 'void', token => asked('token'), ticket => asked('ticket'));
    report(reply => 'not-done');
}

sub interrupted { return 'the host was stopped while the command ran, and nobody knows how far it came; look what it did before it is run again' }

# Nobody asks after thirty days.
sub forget_old_changes {
    for my $id (names_in("$root/changes")) {
        my $age_days = -M "$root/changes/$id" // next;
        next if $age_days < 30;
        unlink "$root/changes/$id";
        remove_tree("$root/commands/$id");
    }
}
