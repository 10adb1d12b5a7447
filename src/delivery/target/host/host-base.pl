# The agent of a host: a script that is handed to perl with one request and does it, on this machine or at the other end of
# an SSH connection. It needs what perl-base, coreutils, findutils and tar have, and Linux's /proc. The parts host-*.pl are one script.
#
# The folder of an environment on its host:
#
#   lock          held for as long as a change is made
#   fence         the greatest fence that was seen: "token order"
#   changes/ID    what became of a change; ID is the SHA-256 of its key
#   releases/D    manifest, configuration (mode 0600) and files of a release
#   instances/ID  about, configuration (0600), state, log and lock of an instance; the lock is held by its supervisor
#   commands/ID   output and lock of a command
#   ended/ID      the log of an instance that was stopped; the latest ten
use strict;
use warnings;
use Fcntl qw(:DEFAULT :flock);
use IO::Handle;
use POSIX ();

our (%request, $root);

# One value of the request, or ''.
sub asked { return ($request{ $_[0] } // [''])->[0] }

# The request cannot be done, and changed nothing. `$reason` ends with what to do.
sub refuse {
    my ($cause, $reason) = @_;
    die { cause => $cause, reason => $reason };
}

# Writes one record of the answer: fields NAME=VALUE, each closed by NUL, and an empty one. Nobody may be there to read it.
sub report {
    my @fields = @_;
    my $text = '';
    while (my ($name, $value) = splice @fields, 0, 2) { $text .= "$name=" . (($value // '') =~ tr/\0//dr) . "\0" }
    $text .= "\0";
    for (my $done = 0; $done < length $text;) { $done += syswrite(STDOUT, $text, 65536, $done) // return }
}

# Linux's numbers of system calls that Perl has no function for; without them times are in seconds, and trees are held by their mark.
my %CALLS = (x86_64 => { prctl => 157, clock_gettime => 228 }, aarch64 => { prctl => 167, clock_gettime => 113 });
my $call = $CALLS{ (POSIX::uname())[4] } // {};

sub clock_ms {
    my ($clock) = @_;
    return time * 1000 if !$call->{clock_gettime};
    syscall $call->{clock_gettime}, $clock, my $read = "\0" x 16;
    my ($seconds, $nanoseconds) = unpack 'q2', $read;
    return $seconds * 1000 + int($nanoseconds / 1_000_000);
}

sub now_ms       { return clock_ms(0) }
sub monotonic_ms { return clock_ms(1) }

sub pause_ms { select undef, undef, undef, $_[0] / 1000 }

# Orphans below this process become its children.
sub become_subreaper { return $call->{prctl} && syscall($call->{prctl}, 36, 1, 0, 0, 0) == 0 }

# Of this start of the machine.
sub boot_id { return read_text('/proc/sys/kernel/random/boot_id') =~ s/\s+//gr }

sub read_text {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    local $/;
    return <$file> // '';
}

# Replaces a file at once; after a loss of power it is the old or the new one.
sub save_text {
    my ($path, $text) = @_;
    my $new = "$path.new$$";
    my $file;
    my $saved = sysopen($file, $new, O_WRONLY | O_CREAT | O_TRUNC, 0600)
        && write_all($file, $text) && $file->sync && close($file) && rename $new, $path;
    if (!$saved) {
        my $why = "$!";
        my $is_full = $!{ENOSPC} || $!{EDQUOT};
        unlink $new;
        refuse($is_full ? 'no-room' : 'failed', "$path cannot be written: $why; make room or mend the folder");
    }
    sync_folder($path =~ s{/[^/]*$}{}r);
}

sub write_all {
    my ($file, $text) = @_;
    for (my $done = 0; $done < length $text;) { $done += syswrite($file, $text, 1_048_576, $done) // return 0 }
    return 1;
}

sub sync_folder { sysopen(my $folder, $_[0], O_RDONLY) or return; $folder->sync }

# Records as text: a line for each field, "name value".
sub save_fields {
    my ($path, %fields) = @_;
    save_text($path, join '', map { "$_ " . escape($fields{$_} // '') . "\n" } sort keys %fields);
}

# A reference to the fields of a file, or undef when there is none.
sub read_fields {
    my ($path) = @_;
    open my $file, '<', $path or return undef;
    my %fields;
    while (my $line = <$file>) { $fields{$1} = unescape($2) if $line =~ /^(\S+) (.*)$/ }
    return \%fields;
}

sub escape { return $_[0] =~ s/([\\\n])/$1 eq "\n" ? '\\n' : '\\\\'/ger }
sub unescape { return $_[0] =~ s/\\(.)/$1 eq 'n' ? "\n" : $1/ger }

sub make_folder {
    my ($path) = @_;
    return if -d $path;
    make_folder($path =~ s{/[^/]+/*$}{}r) if $path =~ m{./};
    mkdir $path, 0700 or -d $path or refuse('failed', "$path cannot be made: $!; give the user a folder that is theirs");
}

sub names_in {
    my ($folder) = @_;
    opendir my $handle, $folder or return;
    return sort grep { !/^\./ } readdir $handle;
}

sub remove_tree {
    my ($path) = @_;
    return if !-e $path && !-l $path;
    # A release may have folders that even their owner cannot write to.
    program('chmod', '-R', 'u+rwX', '--', $path) if $>;
    program('rm', '-rf', '--', $path);
}

# Runs a program of the system; false when it fails.
sub program {
    my @words = @_;
    my $pid = fork // return 0;
    if (!$pid) {
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', '/dev/null';
        exec { $words[0] } @words or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    return $? == 0;
}

# What a program of the system prints.
sub output_of {
    my @words = @_;
    open my $pipe, '-|', @words or return '';
    local $/;
    return <$pipe> // '';
}

# Takes a lock within so many milliseconds: its handle, or undef.
sub take_lock {
    my ($path, $kind, $wait_ms) = @_;
    sysopen my $file, $path, O_RDWR | O_CREAT, 0600 or refuse('failed', "$path cannot be opened: $!");
    my $until = monotonic_ms() + $wait_ms;
    until (flock $file, $kind | LOCK_NB) {
        return undef if monotonic_ms() >= $until;
        pause_ms(10);
    }
    return $file;
}

# Whether somebody holds the lock: a supervisor that lives.
sub is_held {
    my ($path) = @_;
    open my $file, '<', $path or return 0;
    return !flock $file, LOCK_SH | LOCK_NB;
}
