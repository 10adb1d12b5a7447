# Looking at instances: their state, the answers to questions about their health, and what they use. All questions are asked at
# the same time, each by a process of its own.

sub look {
    revive_lost();
    my @ids = $request{instance} ? @{ $request{instance} } : instances_of(asked('digest'));
    my @asking = map { begin_question($_) } @{ $request{question} // [] };
    tell_state($_) for @ids;
    end_questions(@asking);
    report(
        reply => 'done', at => monotonic_ms(), ticks_a_second => POSIX::sysconf(POSIX::_SC_CLK_TCK()),
        processors => scalar(() = read_text('/proc/cpuinfo') =~ /^processor\s*:/mg) || 1,
        memory => (read_text('/proc/meminfo') =~ /^MemTotal:\s+(\d+) kB/m ? $1 * 1024 : 0),
    );
}

sub tell_state {
    my ($id) = @_;
    my $folder = "$root/instances/$id";
    my $about = $id =~ /^[\w-]+$/ ? about_instance($id) : undef;
    return report(instance => $id, is_there => 0) if !$about;
    my $state = read_fields("$folder/state") // {};
    my $is_down = is_down($id);
    my ($ticks, $bytes) = asked('usage') ? usage_of(supervisor_tree($id)) : ('', '');
    report(instance => $id, is_there => 1, digest => $about->{digest}, port => $about->{port}, at => $about->{at}, cpus => $about->{cpus}, limit => $about->{memory}, is_running => is_running($id),
        is_down => $is_down, reason => $state->{reason}, ticks => $ticks, bytes => $bytes,
        tail => tail_of("$folder/log"));
}

# The supervisor's own time holds that of the processes that ended below it.
sub supervisor_tree {
    my @supervisor = supervisor_of($_[0]);
    return (@supervisor, descendants(@supervisor));
}

sub begin_question {
    my ($name) = @_;
    my %of = map { $_ => asked("$name.$_") } qw(kind instance target status timeout host port);
    pipe my $reader, my $writer or return;
    my $pid = fork // return;
    if (!$pid) {
        POSIX::setsid();
        close $reader;
        $SIG{$_} = 'DEFAULT' for qw(HUP INT TERM PIPE);
        my $why = eval { answer_question(%of) } // "it could not be asked: $@";
        syswrite $writer, $why eq '' ? 'good' : $why =~ s/\s+$//r;
        POSIX::_exit(0);
    }
    close $writer;
    return { name => $name, pid => $pid, reader => $reader, until => monotonic_ms() + $of{timeout}, said => '', time => $of{timeout} };
}

sub end_questions {
    my @asking = @_;
    while (@asking) {
        my ($soonest) = sort { $a <=> $b } map { $_->{until} } @asking;
        my $watched = '';
        vec($watched, fileno $_->{reader}, 1) = 1 for @asking;
        my $left = $soonest - monotonic_ms();
        select $watched, undef, undef, $left > 0 ? $left / 1000 : 0;
        my @open;
        for my $one (@asking) {
            my $is_over = 0;
            if (vec $watched, fileno $one->{reader}, 1) { $is_over = !sysread $one->{reader}, $one->{said}, 4096, length $one->{said} }
            my $is_late = !$is_over && monotonic_ms() >= $one->{until};
            if (!$is_over && !$is_late) { push @open, $one; next }
            kill 'KILL', -$one->{pid}, $one->{pid};
            waitpid $one->{pid}, 0;
            my $said = $is_late ? "no answer within $one->{time} ms" : $one->{said} ne '' ? $one->{said} : 'it could not be asked';
            report(question => $one->{name}, good => $said eq 'good' ? 1 : 0, why => $said);
        }
        @asking = @open;
    }
}

# Why the answer is bad; '': it is good.
sub answer_question {
    my (%of) = @_;
    my $about = about_instance($of{instance}) // return 'the instance is gone';
    if ($of{kind} eq 'command') { return answer_command($of{instance}, $about, $of{target}) }
    # The service's own port is that of the instance, which may have been given another one.
    my $port = $of{port} eq '' || ($of{host} eq '' && $of{port} eq $about->{own_port}) ? $about->{port} : $of{port};
    return 'the instance listens nowhere' if $port eq '';
    my ($socket, $problem) = connect_to($of{host}, $port);
    return $problem if !$socket;
    return $of{kind} eq 'tcp' ? '' : answer_http($socket, $port, $of{target}, $of{status});
}

sub connect_to {
    my ($host, $port) = @_;
    require Socket;
    my $problem = '';
    for my $name ($host ne '' ? $host : ('127.0.0.1', '::1')) {
        my ($error, @places) = Socket::getaddrinfo($name, $port, { socktype => Socket::SOCK_STREAM() });
        $problem ||= "$name is not known" if $error;
        for my $place (@places) {
            socket my $socket, $place->{family}, $place->{socktype}, $place->{protocol} or next;
            return $socket if connect $socket, $place->{addr};
            $problem ||= "no connection to port $port: $!";
        }
    }
    return (undef, $problem);
}

sub answer_http {
    my ($socket, $port, $path, $status) = @_;
    my $request = "GET $path HTTP/1.1\r\nHost: localhost:$port\r\nUser-Agent: sluice\r\nAccept: */*\r\nConnection: close\r\n\r\n";
    write_all($socket, $request) or return "no request could be sent: $!";
    my $answer = '';
    while ($answer !~ /\n/ && length $answer < 4096) { sysread($socket, $answer, 4096, length $answer) or last }
    my ($got) = $answer =~ m{^HTTP/1\.[01] (\d{3})} or return 'the answer is no HTTP';
    # The rest is taken, so that the server sees no broken connection; not without end.
    for (my $taken = 0; $taken < 1_048_576;) { $taken += sysread($socket, my $rest, 65536) || last }
    return '' if $status ne '' ? $got == $status : $got >= 200 && $got < 400;
    return "the answer was $got";
}

sub answer_command {
    my ($id, $about, $text) = @_;
    my $pid = fork // return "no process could be started: $!";
    if (!$pid) {
        chdir $about->{directory} or POSIX::_exit(126);
        open STDIN,  '<', '/dev/null';
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', '/dev/null';
        %ENV = map { split /=/, $_, 2 } split /\0/, read_text("$root/instances/$id/configuration");
        # It is not part of what it looks at.
        delete $ENV{SLUICE_INSTANCE};
        exec { '/bin/sh' } 'sh', '-c', $text or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    return $? == 0 ? '' : end_in_words($?);
}
