# Bringing a step's own process, between fork and exec, into what its job may see and use: control groups with limits, an
# unprivileged user of its own and bubblewrap. Loaded when the first confined step comes.
#
# A confinement is a list of words NAME=VALUE, in this order where order matters:
#
#   group=FOLDER    the control group in which the step's own one is made, instead of the supervisor's choice
#   join=FILE       a cgroup.procs that the process writes itself into
#   filesize=BYTES  no file may grow beyond
#   user=NUMBER     the user and group to become; only a supervisor that runs as root can
#   give=FOLDER     becomes that user's with all that is in it
#   bubblewrap=FILE the program to go through; without it the step has no sandbox
#   argument=TEXT   one argument of bubblewrap, after the program's own name
#   source=INDEX    that argument (counted from 0) is a path of this machine
#   data=INDEX      that argument is text, which bubblewrap gets as the number of an open file
use strict;
use warnings;
no warnings 'portable';
use Config;
use Fcntl;

my %NUMBERS = (
    x86_64 => {
        memfd_create => 319, unshare => 272, mount => 165, keyctl => 250, fchownat => 260, setgroups => 116,
        setresgid => 119, setresuid => 117, prlimit64 => 302, pwrite64 => 18,
    },
    aarch64 => {
        memfd_create => 279, unshare => 97, mount => 40, keyctl => 219, fchownat => 54, setgroups => 159,
        setresgid => 149, setresuid => 147, prlimit64 => 261, pwrite64 => 68,
    },
);
my ($machine) = $Config{archname} =~ /^(\w+)-linux/;
my $number = $NUMBERS{ $machine // '' } // {};

use constant {
    O_PATH => 0x200000, MS_NOSUID_NODEV => 6, MS_BIND => 4096, MS_PRIVATE_ALL => 0x40000 | 0x4000,
    CLONE_NEWNS => 0x20000, AT_FDCWD => -100, AT_SYMLINK_NOFOLLOW => 0x100, JOIN_SESSION_KEYRING => 1,
    FIRST_JOB_USER => 0x7000_0000,    # as in job-user.ts
};

# The confinement that was read last: most steps of a job have the same one.
my ($last_words, $last_read) = ('', undef);

sub read_confinement {
    my $words = join "\0", @_;
    return $last_read if $last_read && $words eq $last_words;
    my %read = (group => '', bubblewrap => '', join => [], filesize => 0, user => 0, give => [], argument => [], source => [], data => []);
    for (@_) {
        my ($name, $value) = split /=/, $_, 2;
        if (ref $read{$name}) { push @{ $read{$name} }, $value }
        else                  { $read{$name} = $value }
    }
    # Perl hands a text that looks like a number to the kernel as an address.
    $read{$_} += 0 for qw(user filesize);
    ($last_words, $last_read) = ($words, \%read);
    return $last_read;
}

# For a job that is limited and not in a sandbox, and first for one that is. Calls `$fail` with the stage when it cannot.
sub join_groups {
    my ($confinement, $fail) = @_;
    for my $file (@{ $confinement->{join} }) { write_file($file, '0') or $fail->('limit') }
    my $size = $confinement->{filesize} or return;
    # RLIMIT_FSIZE; a program that writes more gets SIGXFSZ.
    syscall($number->{prlimit64}, 0, 1, my $limit = pack('Q2', $size, $size), 0) == 0 or $fail->('limit');
}

# Becomes bubblewrap, which becomes the step's program; does not return. `$output` belongs to the job, which may open it
# again through /dev/stdout.
sub exec_bubblewrap {
    my ($confinement, $request, $output, $fail) = @_;
    my ($user, @arguments) = ($confinement->{user}, @{ $confinement->{argument} });
    chdir '/' or $fail->('sandbox');
    # What Sluice's own session keeps in the kernel's keyring is not the job's.
    syscall $number->{keyctl}, JOIN_SESSION_KEYRING, 0;
    if ($user) {
        for my $folder (@{ $confinement->{give} }) { give_tree($folder, $user) or $fail->('workspace') }
        chown $user, $user, $output;
        stage_sources($confinement, \@arguments, $fail);
        become_user($user) or $fail->('user');
    }
    $arguments[$_] = memory_file($arguments[$_]) // $fail->('sandbox') for @{ $confinement->{data} };
    my @environment = @{ $request->{environment} };
    push @arguments, '--setenv', splice @environment, 0, 2 while @environment;
    my $arguments = memory_file(join '', map { "$_\0" } @arguments) // $fail->('sandbox');
    # The process number 1 of the sandbox keeps the environment of bubblewrap, readable for the job.
    %ENV = ();
    no warnings 'exec';
    exec { $confinement->{bubblewrap} } 'bwrap', '--args', $arguments, '--', @{ $request->{command} };
    $fail->('bubblewrap');
}

# The number of an open, unnamed file in memory with the text: no other process sees it, and bubblewrap closes it.
sub memory_file {
    my ($text) = @_;
    utf8::encode($text) if utf8::is_utf8($text);
    my $fd = syscall $number->{memfd_create}, my $name = 'sluice', 0;
    return undef if $fd < 0;
    # Written without a handle of Perl's, which costs seven calls more, and without moving the place to read from.
    for (my $done = 0; $done < length $text;) {
        my $part  = substr $text, $done, 1_048_576;
        my $count = syscall $number->{pwrite64}, $fd, $part, length $part, $done;
        return undef if $count <= 0;
        $done += $count;
    }
    return $fd;
}

# The job's user cannot walk to folders below, say, /root. So they are mounted where it can, in a mount namespace that only
# this process and its bubblewrap are in.
sub stage_sources {
    my ($confinement, $arguments, $fail) = @_;
    syscall($number->{unshare}, CLONE_NEWNS) == 0 or $fail->('mount namespace');
    mount('none', '/', '', MS_PRIVATE_ALL) or $fail->('mount namespace');
    my @sources = map {
        my $source = open_exactly($arguments->[$_], O_PATH) or $fail->('folder');
        [ $_, $source, -d $source ];
    } @{ $confinement->{source} };
    # A folder that every machine has and nothing needed lies in.
    my ($stage) = grep { -d } qw(/mnt /media /srv /tmp);
    # The one folder that most jobs have needs no file system to make a place in.
    if (@sources == 1 && $sources[0][2]) {
        my ($index, $source) = @{ $sources[0] };
        mount("/proc/self/fd/" . fileno($source), $stage, '', MS_BIND) or $fail->('mount namespace');
        $arguments->[$index] = $stage;
        return;
    }
    mount('tmpfs', $stage, 'tmpfs', MS_NOSUID_NODEV, 'mode=711,size=1m') or $fail->('mount namespace');
    for (@sources) {
        my ($index, $source, $is_folder) = @$_;
        my $place = "$stage/$index";
        if ($is_folder) { mkdir $place, 0711 or $fail->('mount namespace') }
        else            { sysopen my $file, $place, O_WRONLY | O_CREAT, 0644 or $fail->('mount namespace') }
        mount("/proc/self/fd/" . fileno($source), $place, '', MS_BIND) or $fail->('mount namespace');
        $arguments->[$index] = $place;
    }
}

# Opens what has this very name. A link on the way, planted by an earlier step, would lead elsewhere.
sub open_exactly {
    my ($path, $flags) = @_;
    sysopen my $handle, $path, $flags | O_NOFOLLOW or return;
    return $handle if readlink('/proc/self/fd/' . fileno $handle) eq $path;
    $! = 40;    # ELOOP
    return;
}

sub mount {
    my ($source, $target, $kind, $flags, $data) = @_;
    return syscall($number->{mount}, $source, $target, $kind, $flags, $data // 0) == 0;
}

sub become_user {
    my ($user) = @_;
    return syscall($number->{setgroups}, 0, 0) == 0
        && syscall($number->{setresgid}, $user, $user, $user) == 0
        && syscall($number->{setresuid}, $user, $user, $user) == 0;
}

# Gives a folder away with all that is in it. Processes of that user may be changing it meanwhile, so names are never
# followed: every folder is entered by its handle and what is in it is named without a path. A file that has other names
# stays whose it is, because one of these may be outside; not so what an earlier job made, which could reach nothing outside.
sub give_tree {
    my ($folder, $user) = @_;
    my $handle = open_exactly($folder, O_RDONLY | O_DIRECTORY) or return 0;
    return give_entries($handle, $user) && chdir '/';
}

sub give_entries {
    my ($handle, $user) = @_;
    chdir $handle or return 0;
    (stat $handle)[4] == $user or chown $user, $user, $handle or return 0;
    opendir my $entries, '.' or return 0;
    for my $name (readdir $entries) {
        next if $name eq '.' || $name eq '..';
        my @status = lstat $name or next;
        if (-d _) {
            sysopen my $nested, $name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW or next;
            give_entries($nested, $user) && chdir $handle or return 0;
        }
        elsif ($status[4] != $user && ($status[3] == 1 || $status[4] >= FIRST_JOB_USER)) {
            syscall $number->{fchownat}, AT_FDCWD, $name, $user, $user, AT_SYMLINK_NOFOLLOW;
        }
    }
    return 1;
}

1;
