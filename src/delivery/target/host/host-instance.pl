# Instances: started, told of, stopped.

sub about_instance { return read_fields("$root/instances/$_[0]/about") }

sub instances_of {
    my ($digest) = @_;
    return grep { ((about_instance($_) // {})->{digest} // '') eq $digest } names_in("$root/instances");
}

# What every process gets besides its own environment.
sub base_environment {
    return map { "$_=$ENV{$_}" } grep { defined $ENV{$_} } qw(PATH HOME USER LOGNAME SHELL LANG TZ);
}

sub start {
    change(sub {
        my $folder = release_folder();
        refuse('not-found', 'the release is not there; install it first') if !-d "$folder/files";
        sweep_instances();
        my @ids = instances_of(asked('digest'));
        for my $id (@ids) {
            refuse('invalid', 'the release runs there with another configuration; stop it first')
                if about_instance($id)->{sameness} ne asked('sameness');
        }
        # What a killed caller began is finished; what crashes again and again is begun anew.
        stop_instances(grep { is_down($_) } @ids);
        @ids = instances_of(asked('digest'));
        revive($_) for @ids;
        my $wanted = asked('replicas') - @ids;
        my @ports = $wanted > 0 ? free_ports($wanted) : ();
        my @new;
        if (!eval {
            for my $number (1 .. $wanted) {
                push @new, make_instance($folder, $ports[ $number - 1 ]);
                revive($new[-1]);
            }
            await_start($_) for @new, @ids;
            1;
        }) {
            my $error = $@;
            stop_instances(@new);
            die $error;
        }
    });
}

sub make_instance {
    my ($release, $port) = @_;
    my $id = substr(asked('service') =~ tr/A-Za-z0-9_-//cdr, 0, 40) . '-' . random_name();
    my $new = "$root/instances/.$id";
    make_folder($new);
    my @own = ("SLUICE_INSTANCE=$root/instances/$id", defined $port ? "PORT=$port" : ());
    save_text("$new/configuration", join "\0", base_environment(), (grep { !/^=/ } split /\0/, asked('configuration')), @own);
    save_fields("$new/about",
        digest => asked('digest'), service => asked('service'), command => asked('command'), port => $port // '',
        own_port => asked('port'), directory => "$release/files/" . asked('folder'), drain => asked('drain'), at => now_ms(),
        cpus => asked('cpus'), memory => asked('memory'), secrets => asked('secrets'), sameness => asked('sameness'));
    rename $new, "$root/instances/$id" or refuse('failed', "$root/instances cannot be written: $!; mend the folder");
    sync_folder("$root/instances");
    return $id;
}

sub random_name {
    sysopen my $random, '/dev/urandom', O_RDONLY;
    sysread $random, my $bytes, 5;
    return unpack 'H*', $bytes;
}

# Gives an instance that has no supervisor one, which starts it again.
sub revive {
    my ($id) = @_;
    my $folder = "$root/instances/$id";
    return if -e "$folder/stopping" || is_held("$folder/lock");
    end_tree(sub { marked($folder) }, 0, \&pause_ms);
    unlink "$folder/report";
    my $about = about_instance($id);
    if (has_systemd()) { start_unit($id, $about) }
    else               { fork_supervisor("$about->{service} $id", sub { supervise_instance($folder) }) }
}

# What lost its supervisor, by a restart of the machine perhaps, comes back when somebody looks; not while a change is made.
sub revive_lost {
    my @lost = grep { !is_held("$root/instances/$_/lock") && !-e "$root/instances/$_/stopping" } names_in("$root/instances");
    return if !@lost;
    my $lock = take_lock("$root/lock", LOCK_EX, 0) or return;
    $change_lock = $lock;
    undef $lock;
    eval { revive($_); await_start($_) } for @lost;
    close_change();
}

# Waits until the supervisor has said whether the command could be started.
sub await_start {
    my ($id) = @_;
    my $until = monotonic_ms() + 10_000;
    while (monotonic_ms() < $until) {
        my $said = read_text("$root/instances/$id/report");
        return if $said eq 'started';
        refuse('invalid', "it cannot be started: $said") if $said ne '';
        pause_ms(5);
    }
    refuse('failed', "the supervisor of $id did not start; look at the processes of the host");
}

# Ports for so many instances that nobody listens on, or that are promised to nobody; none when it has no port.
sub free_ports {
    my ($count) = @_;
    return if asked('port') eq '';
    my ($first, $last) = asked('first') ne '' ? (asked('first'), asked('last')) : (asked('port')) x 2;
    my %taken = map { ((about_instance($_) // {})->{port} // '') => 1 } names_in("$root/instances");
    my @free;
    for my $port ($first .. $last) {
        push @free, $port if !$taken{$port} && take_port($port) && is_free($port);
        return @free if @free == $count;
    }
    my $range = $first == $last ? "port $first is" : "the ports $first-$last are";
    refuse('no-room', "$range taken, and " . ($count - @free) . ' more would be needed; give the target a larger range of `ports`');
}

# Why an instance would not find a port now; sentences.
sub port_problems { return eval { free_ports(asked('replicas')); 1 } ? () : ref $@ ? $@->{reason} : "$@" }

# Takes a port for this process, by a name that the kernel keeps for as long as the process lives, whatever its environment: an
# instance that crashed just now does not lose its port to another. Returns the handle, or undef when another one has it.
sub take_port {
    my ($port) = @_;
    require Socket;
    socket my $claim, Socket::PF_UNIX(), Socket::SOCK_STREAM(), 0 or return undef;
    return bind($claim, Socket::pack_sockaddr_un("\0sluice-port-$port")) ? $claim : undef;
}

sub is_free {
    my ($port) = @_;
    require Socket;
    socket my $socket, Socket::PF_INET(), Socket::SOCK_STREAM(), 0 or return 0;
    setsockopt $socket, Socket::SOL_SOCKET(), Socket::SO_REUSEADDR(), 1;
    return bind $socket, Socket::pack_sockaddr_in($port, Socket::INADDR_ANY());
}

sub stop {
    change(sub { stop_instances(instances_of(asked('digest'))) });
}

# Asks all at once, so that they take no longer together than the slowest.
sub stop_instances {
    my @ids = @_;
    for my $id (@ids) {
        save_text("$root/instances/$id/stopping", "1\n");
        kill 'TERM', supervisor_of($id) if is_held("$root/instances/$id/lock");
    }
    for my $id (@ids) {
        my $folder = "$root/instances/$id";
        my $until  = monotonic_ms() + (about_instance($id)->{drain} // 0) + 8000;
        pause_ms(10) while is_held("$folder/lock") && monotonic_ms() < $until;
        kill 'KILL', supervisor_of($id) if is_held("$folder/lock");
        end_tree(sub { marked($folder) }, 0, \&pause_ms)
            or die "instance $id cannot be ended, not even by SIGKILL\n";
        keep_log($id);
    }
}

# What a killed caller left: instances that were being stopped, or not quite made.
sub sweep_instances {
    stop_instances(grep { -e "$root/instances/$_/stopping" } names_in("$root/instances"));
    opendir my $folder, "$root/instances" or return;
    remove_tree("$root/instances/$_") for grep { /^\.\w/ } readdir $folder;
}

sub supervisor_of {
    my ($pid) = read_text("$root/instances/$_[0]/lock") =~ /^(\d+)/;
    return $pid ? $pid : ();
}

# Somebody will want to know why a release was stopped.
sub keep_log {
    my ($id) = @_;
    make_folder("$root/ended");
    rename "$root/instances/$id/log", "$root/ended/" . now_ms() . "-$id.log";
    my @logs = names_in("$root/ended");
    unlink "$root/ended/$_" for @logs[ 0 .. $#logs - 10 ];
    remove_tree("$root/instances/$id");
}

sub instances {
    revive_lost();
    for my $id (names_in("$root/instances")) {
        my $about = about_instance($id) or next;
        report(instance => $id, (map { $_ => $about->{$_} } qw(digest port at)), is_running => is_running($id));
    }
    report(reply => 'done');
}

# Also while it is being started again after a crash: traffic that is divided at that moment must not leave it out for good.
sub is_running {
    my ($id) = @_;
    my $folder = "$root/instances/$id";
    return is_held("$folder/lock") && !-e "$folder/stopping" && !is_down($id) ? 1 : 0;
}

# Commands -----------------------------------------------------------------------------------------------------------------

# Runs a command, or waits for the one under this key that still runs. The host may make other changes meanwhile.
sub run_command {
    open_change();
    my $until = monotonic_ms() + asked('timeout');
    my $folder = "$root/commands/" . asked('id');
    my $entry = known_change();
    return answer($entry) if $entry && $entry->{state} eq 'done';
    # Begun, but its supervisor never came so far as to begin it.
    if (!$entry || !-e "$folder/lock") {
        my $release = release_folder();
        refuse('not-found', 'the release is not there; install it first') if !-d "$release/files";
        begin_change();
        my $report = eval { begin_command($folder, $release) };
        if (!$report) { unlink change_path(); die $@ }
        # It has its lock now, or is over.
        sysread $report, my $word, 64;
        close_change();
        vec(my $watched = '', fileno $report, 1) = 1;
        select $watched, undef, undef, asked('timeout') / 1000;
    }
    close_change();
    for (;;) {
        my $is_held = is_held("$folder/lock");
        $entry = read_fields(change_path()) // {};
        return answer($entry) if ($entry->{state} // '') eq 'done';
        return report(reply => 'unknown', reason => interrupted()) if !$is_held;
        return report(reply => 'unknown', reason => 'the command still runs') if monotonic_ms() > $until;
        pause_ms(20);
    }
}

sub begin_command {
    my ($folder, $release) = @_;
    make_folder($folder);
    my @configuration = split /\0/, read_text("$release/configuration");
    my %value_of = map { split /=/, $_, 2 } @configuration;
    # The first line names the variables that are secret.
    my @secrets = @value_of{ grep { exists $value_of{$_} } split ' ', delete $value_of{''} // '' };
    my @environment = (
        base_environment(), (grep { !/^=/ } @configuration), split(/\0/, asked('environment')), "SLUICE_INSTANCE=$folder",
    );
    return fork_supervisor('a command', sub {
        supervise_command($folder, $_[0], command => asked('command'), directory => "$release/files", environment => \@environment,
            secrets => \@secrets, time => asked('timeout') - (asked('timeout') > 10_000 ? 1000 : asked('timeout') / 10));
    });
}
