# Releases: brought whole or not at all.
#
# A manifest has a record for each entry, closed by NUL: "d PATH", "l TARGET\nPATH" or "f MODE SIZE SHA256 PATH", where MODE is
# 755 for what can be executed and 644 for the rest.

sub release_folder { return "$root/releases/" . (asked('digest') =~ tr/:/-/r) }

# Without files: says whether they must be brought. With them, they follow the request as a tar archive.
sub install {
    change(sub {
        forget_old_changes();
        my $folder = release_folder();
        remove_tree("$root/releases/$_") for grep { /^~/ } names_in("$root/releases");
        my $is_whole = read_text("$folder/manifest") eq asked('manifest') && !damage_of($folder, 1);
        if (!$is_whole) {
            # Answered without a receipt: the change is not done.
            if (!asked('brings')) { unlink change_path(); report(reply => 'bring'); POSIX::_exit(0) }
            bring($folder);
        }
        # Later than what is there already, so that it counts as the newest.
        save_text("$folder/configuration", asked('configuration'));
        save_fields("$folder/about", digest => asked('digest'), service => asked('service'), at => now_ms());
    });
}

sub bring {
    my ($folder) = @_;
    make_folder("$root/releases");
    my $free = free_bytes();
    my $needed = asked('bytes') + 1_048_576;
    refuse('no-room', "$root has room for $free bytes and the release needs $needed; remove old releases or make room")
        if $free < $needed;
    my $new = "$root/releases/~" . asked('id');
    make_folder("$new/files");
    my $problem = unpack_files("$new/files");
    if ($problem eq '') {
        save_text("$new/manifest", asked('manifest'));
        $problem = damage_of($new, 0);
    }
    if ($problem ne '') {
        my $is_full = $problem =~ /No space left|quota/i;
        remove_tree($new);
        refuse('no-room', "$root is full; remove old releases or make room") if $is_full;
        refuse('failed', "the files did not arrive whole: $problem; install it again");
    }
    program('sync', '-f', "$new/manifest");
    # What was there is damaged. Whatever runs from it keeps it.
    my $old = "$root/releases/~old-" . asked('id');
    rename $folder, $old;
    rename $new, $folder or refuse('failed', "$folder cannot be made: $!; look at the folder");
    sync_folder("$root/releases");
    remove_tree($old);
}

# Unpacks what follows the request. Returns what went wrong, or ''.
sub unpack_files {
    my ($folder) = @_;
    pipe my $reader, my $writer;
    my $pid = fork // return "no process could be started: $!";
    if (!$pid) {
        close $reader;
        umask 022;
        open STDOUT, '>', '/dev/null';
        open STDERR, '>&', $writer;
        $SIG{$_} = 'DEFAULT' for qw(HUP INT PIPE TERM);
        exec qw(tar -x --no-same-owner --no-same-permissions -f - -C), $folder or POSIX::_exit(127);
    }
    close $writer;
    # A caller that hangs must not hold the host for longer than it waits itself.
    my $until = monotonic_ms() + asked('timeout');
    my $said = '';
    while (1) {
        vec(my $watched = '', fileno $reader, 1) = 1;
        my $left = $until - monotonic_ms();
        if ($left <= 0) { kill 'KILL', $pid; waitpid $pid, 0; return 'its time was over' }
        next if select($watched, undef, undef, $left / 1000) <= 0;
        sysread($reader, $said, 4096, length $said) or last;
    }
    waitpid $pid, 0;
    return $? ? (split /\n/, $said)[0] // 'tar failed' : '';
}

# What is not as the manifest says, in words; '': nothing. `$checks_mode`: also for what lies there longer.
sub damage_of {
    my ($folder) = @_;
    return 'it is not there' if !-d "$folder/files";
    my (%digest_of, @damaged);
    for my $entry (split /\0/, read_text("$folder/manifest")) {
        if ($entry =~ /^d (.*)$/s) { push @damaged, $1 if -l "$folder/files/$1" || !-d _ }
        elsif ($entry =~ /^l ([^\n]*)\n(.*)$/s) { push @damaged, $2 if (readlink("$folder/files/$2") // '') ne $1 }
        elsif ($entry =~ /^f (\d+) (\d+) (\w+) (.*)$/s) {
            my @status = lstat "$folder/files/$4";
            my $is_same = @status && -f _ && $status[7] == $2 && !!($status[2] & 0100) == ($1 eq '755');
            if ($is_same) { $digest_of{$4} = $3 }
            else          { push @damaged, $4 }
        }
    }
    push @damaged, grep { $digest_of{$_} ne '' } changed_files("$folder/files", \%digest_of) if !@damaged;
    return '' if !@damaged;
    my $more = @damaged > 3 ? ' and ' . (@damaged - 3) . ' more' : '';
    return join(', ', sort @damaged[ 0 .. ($#damaged < 2 ? $#damaged : 2) ]) . "$more is not as it was brought";
}

sub changed_files {
    my ($folder, $digest_of) = @_;
    return if !%$digest_of;
    my $list = "$root/names.$$";
    open my $file, '>', $list or return keys %$digest_of;
    print $file map { "./$_\0" } keys %$digest_of;
    close $file or return keys %$digest_of;
    # -z: names as they are, whatever is in them.
    my $sums = output_of('sh', '-c', 'cd "$1" && exec xargs -0 sha256sum -z -- < "$2" 2>/dev/null', 'sh', $folder, $list);
    unlink $list;
    my %left = %$digest_of;
    for my $sum (split /\0/, $sums) {
        my ($digest, $name) = $sum =~ m{^(\w{64})  \./(.*)$}s or next;
        delete $left{$name} if ($left{$name} // '') eq $digest;
    }
    return keys %left;
}

sub free_bytes {
    my $folder = -d "$root/releases" ? "$root/releases" : $root;
    my @columns = split ' ', (split /\n/, output_of('df', '-Pk', $folder))[-1] // '';
    return ($columns[3] // 0) * 1024;
}

sub remove_release {
    change(sub {
        my $folder = release_folder();
        my %at = map { $_ => (read_fields("$root/releases/$_/about") // {})->{at} // 0 } names_in("$root/releases");
        my @newest = sort { $at{$b} <=> $at{$a} || $a cmp $b } keys %at;
        my %stays = map { $_ => 1 } grep { defined } @newest[ 0 .. asked('keep') - 1 ];
        return if $stays{ $folder =~ s{.*/}{}r } || instances_of(asked('digest'));
        # By another name first: a release is never there in part.
        my $old = "$root/releases/~old-" . asked('id');
        rename $folder, $old and remove_tree($old);
    });
}

# Why the digest could not be started now: records with a sentence each.
sub missing {
    my $folder = release_folder();
    if (-d $folder) {
        my $damage = damage_of($folder);
        report(sentence => "the files of the release are damaged: $damage; install it again") if $damage ne '';
        report(sentence => 'the configuration of the release is gone; install it again') if !-e "$folder/configuration";
    }
    elsif (!asked('can_bring')) { report(sentence => 'the release is not there, nor are its files here; build it again') }
    elsif (free_bytes() < asked('bytes')) { report(sentence => "$root is full; remove old releases or make room") }
    my @problems = instances_of(asked('digest')) ? () : port_problems();
    report(sentence => $_) for @problems;
    report(reply => 'done');
}

# What is not as the deployments left it.
sub drift {
    my %known;
    for my $name (names_in("$root/releases")) {
        next if $name =~ /^~/;
        my $damage = damage_of("$root/releases/$name");
        report(sentence => "files of the release $name were changed: $damage; install it again") if $damage ne '';
    }
    for my $id (names_in("$root/instances")) {
        my $about = about_instance($id) or next;
        $known{$id} = 1;
        my $of = "the instance $id of $about->{digest}";
        report(sentence => "$of runs although its release was removed; stop it or install the release")
            if !-d "$root/releases/" . ($about->{digest} =~ tr/:/-/r);
        report(sentence => "$of has lost its supervisor; start the release again") if !is_held("$root/instances/$id/lock");
        report(sentence => "$of crashes again and again; read its log in $root/instances/$id/log") if is_down($id);
    }
    for my $pid (marked("$root/instances/")) {
        my ($id) = read_text("/proc/$pid/environ") =~ m{(?:^|\0)SLUICE_INSTANCE=\Q$root\E/instances/([^/\0]+)} or next;
        report(sentence => "process $pid runs from a release although no deployment started it; end it") if !$known{$id};
    }
    report(reply => 'done');
}
