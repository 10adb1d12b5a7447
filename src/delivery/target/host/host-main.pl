# One request: fields "NAME LENGTH\nBYTES", a name may come again. The answer: records, the last of which has `reply`.
my %VERBS = (
    install => \&install, start => \&start, stop => \&stop, remove => \&remove_release, run => \&run_command, probe => \&probe,
    instances => \&instances, look => \&look, missing => \&missing, drift => \&drift,
);

sub main {
    my ($text) = @_;
    # The caller, its terminal and its connection may go: what was begun is finished.
    $SIG{$_} = 'IGNORE' for qw(HUP INT QUIT PIPE TERM);
    POSIX::setsid();
    umask 077;
    chdir '/';
    while ($text =~ /\G([\w.-]+) (\d+)\n/gc) {
        push @{ $request{$1} }, substr $text, pos $text, $2;
        pos($text) += $2;
    }
    report(taken => 1);
    eval { open_root(); ($VERBS{ asked('verb') } // die "there is no such verb\n")->(); 1 } and return;
    my $error = $@;
    if (ref $error) { report(reply => 'refused', cause => $error->{cause}, reason => $error->{reason}) }
    else            { report(reply => 'unknown', reason => $error =~ s/\s+$//r) }
}

sub open_root {
    $root = asked('directory') =~ s{^~/}{}r;
    my $home = $ENV{HOME} // (getpwuid $>)[7] // '/';
    $root = "$home/$root" if $root !~ m{^/};
    make_folder($root);
    my @status = lstat $root;
    refuse('failed', "$root belongs to another user; give the user a folder that is theirs") if $status[4] != $>;
    $0 = "sluice: " . asked('verb') . " in $root";
    make_folder("$root/$_") for qw(changes releases instances);
}
