# The process that starts and watches the steps of one Sluice.
#
# Forking from Node blocks its event loop and takes longer the more memory Node has; Node has no setsid, prctl or mkfifo.
# So this small process does it. Its standard input and output are the control channel: records of a length (32 bits,
# little endian) and fields separated by NUL. No output of a step ever passes through it.
#
#   in   start NAME TOKEN TTY DIRECTORY COUNT COMMAND... ENVIRONMENT...   no answer; then exactly one `ended` or `failed`
#        confined COUNT WORD... and the fields of start: the same, brought into what confine.pl says
#        confirm NAME              -> started NAME PID, once the program runs; nothing if it has ended or failed
#        adopt NAME                -> adopted NAME TOKEN PID, then `ended` or `lost`; or unknown NAME
#        claim ID NAME             -> done ID 1 when nobody began it and nobody but this process can any more, or 0
#        signal ID NAME SIGNAL     -> done ID 0
#        release NAME              no answer; its output was read to the end
#        close ID JOB_KEY SWEEP NAME...  -> done ID KILLED, when no process of these steps is left
#        forget NAME...            no answer; the receipts of closed steps are not needed any more
#        quit
#   out  ready RUNG
#        ended NAME PID STATUS CPU_MS MAX_KB;  failed NAME STAGE ERRNO;  lost NAME
#
# Per step there are two files in the private folder: NAME.TOKEN, a FIFO that carries its output, and NAME.step, the
# receipt: who runs where, and how it ended. With them another Sluice can take over after the first one was killed.
#
# When the owner dies (end of input) this process stays: it holds the read ends, so that no step dies of a broken pipe,
# and writes the receipts. It goes when every receipt was taken over or after ten minutes, killing what is left.
use strict;
use warnings;
use Fcntl;
use constant PIPE_BYTES => 1_048_576;

my $folder = $0 =~ s{[^/]*$}{}r;
require "${folder}system.pl";
require "${folder}kill.pl";
require "${folder}launch.pl";
require "${folder}rung.pl";
require "${folder}takeover.pl";

# The last is for tests: how many seconds to live on without an owner.
our ($home, $forced_rung, $orphan_limit) = @ARGV;
clean_inheritance();
my $signals = block_signals('CHLD');
pipe my $report_reader, my $report_writer or die "pipe: $!";
fcntl $report_reader, F_SETFL, O_RDONLY | O_NONBLOCK;
our $boot        = read_line('/proc/sys/kernel/random/boot_id') // '-';
our $own_start   = start_time($$);
my ($rung, $cgroup_parent) = choose_rung($forced_rung);

# Shared with takeover.pl.
our (%steps, %adopted, %claimed, $orphan_since) = ();
# Of the step that is being started; for launch.pl.
our $confinement;
my @perhaps_empty;
my (%by_pid, %by_token, %unconfirmed, %closing);
my ($input, $answers) = ('', '');
$orphan_since = 0;
answer('ready', $rung);
run();

sub run {
    my %action = (
        start  => \&start, confined => \&start_confined, confirm => \&confirm,    adopt => \&adopt, claim => \&claim,
        signal => \&signal_step, release => \&release, close => \&close_steps,
        forget => \&forget_steps, quit => sub { exit_now(0) },
    );
    while (1) {
        flush_answers();
        # While the owner reads the news: most steps leave nothing, and then closing has nothing to do.
        is_gone($_) for splice @perhaps_empty;
        my $watched = '';
        vec($watched, fileno STDIN, 1) = 1 if !$orphan_since;
        vec($watched, fileno $report_reader, 1) = 1;
        vec($watched, fileno $signals, 1) = 1 if $signals;
        vec($watched, fileno $_->{status}, 1) = 1 for values %unconfirmed;
        next if select($watched, undef, undef, pause()) < 0;

        read_requests(\%action) if !$orphan_since && vec $watched, fileno STDIN, 1;
        received_signals($signals) if $signals && vec $watched, fileno $signals, 1;
        read_reports();
        reap();
        for my $step (values %unconfirmed) { confirm($step->{name}) if vec $watched, fileno $step->{status}, 1 }
        watch_adopted() if %adopted;
        finish_closing() if %closing;
        live_as_orphan() if $orphan_since;
    }
}

# Seconds to wait for something to happen; undef when all of it announces itself.
sub pause {
    return 0.002 if %closing;
    return 0.01  if !$signals && %by_pid;
    return 0.02  if %adopted;
    return 0.5   if $orphan_since;
    return undef;
}

sub read_requests {
    my ($action) = @_;
    my $count = sysread STDIN, $input, 262144, length $input;
    if (!$count) {
        # What was still unread is not begun: its owner can no longer know of it.
        $orphan_since = time;
        return;
    }
    while (length $input >= 4) {
        my $length = unpack 'V', $input;
        last if length $input < 4 + $length;
        my ($verb, @fields) = split /\0/, substr($input, 4, $length), -1;
        substr $input, 0, 4 + $length, '';
        $action->{$verb}->(@fields);
    }
}

sub answer {
    my $record = join "\0", @_;
    $answers .= pack('V', length $record) . $record;
}

sub flush_answers {
    while (length $answers) {
        my $count = $orphan_since ? length $answers : syswrite STDOUT, $answers;
        $orphan_since = time if !defined $count;
        substr $answers, 0, $count // length $answers, '';
    }
}

sub start {
    my ($name, $token, $tty, $directory, $count, @rest) = @_;
    my %request = (directory => $directory, command => [ splice @rest, 0, $count ], environment => \@rest);
    my $step = {
        name => $name, token => $token, tty => $tty, rung => $rung, cgroup => '', fifo => "$home/$name.$token",
        receipt => "$home/$name.step", reaper => 0, reaper_start => 0, relay => 0, relay_start => 0,
    };
    $steps{$name} = $step;
    my $stage = begin($step, \%request);
    return if !$stage;
    fail_step($step, $stage, $! + 0);
}

sub start_confined {
    my ($count, @rest) = @_;
    require "${folder}confine.pl";
    local $confinement = read_confinement(splice @rest, 0, $count);
    start(@rest);
}

# Returns nothing, or the stage that failed with $! set.
sub begin {
    my ($step, $request) = @_;
    make_fifo($step->{fifo}) or return 'output';
    sysopen $step->{keeper}, $step->{fifo}, O_RDONLY | O_NONBLOCK or return 'output';
    sysopen my $output, $step->{fifo}, O_WRONLY or return 'output';
    # F_SETPIPE_SZ: with room for a megabyte, writer and reader wait for each other half as often. Only Linux has it.
    fcntl $output, 1031, PIPE_BYTES if $^O eq 'linux';
    $step->{log} = begin_receipt($step->{name}) or return 'receipt';
    $step->{is_ours} = 1;
    if ($rung eq 'cgroup') {
        my $parent = $confinement && $confinement->{group} || $cgroup_parent;
        $step->{cgroup} = "$parent/sluice-$step->{token}";
        mkdir $step->{cgroup} or return 'cgroup';
    }
    my $master;
    if ($step->{tty}) {
        ($master, my $slave) = open_terminal() or return 'terminal';
        $step->{relay} = fork_relay($master, $slave, $output) // return 'fork';
        $step->{relay_start} = start_time($step->{relay});
        $output = $slave;
    }
    # Made last, so that no relay holds it open.
    pipe $step->{status}, my $status or return 'output';
    if ($rung eq 'subreaper') {
        $step->{reaper} = fork_reaper($step, $request, $output, $status, $report_writer) // return 'fork';
        $step->{reaper_start} = start_time($step->{reaper});
        $by_pid{ $step->{reaper} } = $step;
        $by_token{ $step->{token} } = $step;
        return;
    }
    my $pid = fork_step($step, $request, $output, $status) // return 'fork';
    $by_pid{$pid} = $step;
    began($step, $pid, start_time($pid));
    return;
}

sub began {
    my ($step, $pid, $start) = @_;
    @$step{qw(pid start)} = ($pid, $start);
    my @fields = map { $step->{$_} } qw(token pid start rung reaper reaper_start relay relay_start cgroup);
    syswrite $step->{log}, "step $boot $$ $own_start @fields\n";
}

sub confirm {
    my ($name) = @_;
    my $step = $steps{$name} or return;
    return if !$step->{status};
    vec(my $readable = '', fileno $step->{status}, 1) = 1;
    if (!$step->{pid} || !select $readable, undef, undef, 0) {
        $unconfirmed{$name} = $step;
        return;
    }
    delete $unconfirmed{$name};
    # With text in it the program could not be started; its end, any moment now, will say so.
    answer('started', $name, $step->{pid}) if !defined read_failure($step);
}

# What the child wrote into its status pipe: undef when its program was started. Waits for neither.
sub read_failure {
    my ($step) = @_;
    my $status = delete $step->{status} or return $step->{failure};
    sysread $status, my $text, 64;
    $step->{failure} = $text if length $text;
    return $step->{failure};
}

sub read_reports {
    while (sysread $report_reader, my $text, 65536) {
        for (split /\n/, $text) {
            my ($what, $token, @fields) = split / /;
            my $step = $by_token{$token} or next;
            if   ($what eq 'forked') { began($step, @fields) }
            else                     { end_step($step, @fields) }
        }
    }
}

sub reap {
    while (my ($pid, $wait, $cpu, $largest) = wait_child()) {
        return if $pid < 0;
        my $step = delete $by_pid{$pid} or next;
        if ($pid != $step->{reaper}) {
            end_step($step, $wait, $cpu, $largest);
            next;
        }
        read_reports();
        delete $by_token{ $step->{token} };
        next if $step->{over};
        my $failure = read_failure($step);
        defined $failure ? fail_step($step, split / /, $failure) : lose_step($step);
    }
}

sub end_step {
    my ($step, $wait, $cpu, $largest, $alone) = @_;
    delete $unconfirmed{ $step->{name} };
    $step->{over} = 1;
    $step->{gone} = $alone;
    if ($wait == 127 << 8) {
        my $failure = read_failure($step);
        return fail_step($step, split / /, $failure) if defined $failure;
    }
    delete $step->{status};
    my $ended = join ' ', $wait, $cpu // '-', $largest // '-';
    syswrite $step->{log}, "ended $ended\n";
    close delete $step->{log};
    answer('ended', $step->{name}, $step->{pid}, split / /, $ended);
    push @perhaps_empty, $step if $step->{rung} eq 'cgroup';
}

# Nothing is left of a step that could not be started, but the reason.
sub fail_step {
    my ($step, $stage, $error) = @_;
    delete $unconfirmed{ $step->{name} };
    $step->{over} = 1;
    kill_relay($step);
    remove_cgroup($step->{cgroup}) if $step->{cgroup};
    if ($orphan_since && $step->{log}) { syswrite $step->{log}, "failed $stage $error\n" }
    else                               { forget($step) }
    answer('failed', $step->{name}, $stage, $error);
}

sub lose_step {
    my ($step) = @_;
    $step->{over} = 1;
    answer('lost', $step->{name});
}

sub forget {
    my ($step) = @_;
    kill_relay($step);
    unlink $step->{fifo};
    # A receipt that this process neither made nor read is another's.
    unlink $step->{receipt} if $step->{is_ours};
    delete $_->{ $step->{name} } for \%steps, \%unconfirmed, \%adopted;
}

sub forget_steps {
    for my $name (@_) {
        unlink "$home/$name.step" if delete $claimed{$name};
        my $step = $steps{$name} // read_receipt($name) or next;
        forget($step);
    }
}

sub kill_relay {
    my ($step) = @_;
    kill 'KILL', $step->{relay} if $step->{relay} && is_alive($step->{relay}, $step->{relay_start});
}

sub release {
    my ($name) = @_;
    my $step = $steps{$name} or return;
    delete $step->{keeper};
    unlink $step->{fifo};
}

sub signal_step {
    my ($id, $name, $signal) = @_;
    my $step = $steps{$name};
    send_signal($step, $signal) if $step && $step->{pid} && !$step->{gone};
    answer('done', $id, 0);
}

sub close_steps {
    my ($id, $job_key, $sweep, @names) = @_;
    my @open = grep { defined } map { $steps{$_} // read_receipt($_) } @names;
    $closing{$id} = { job_key => $job_key, sweep => $sweep, all => [@open], open => \@open, killed => 0 };
    finish_closing();
}

sub finish_closing {
    for my $id (keys %closing) {
        my $job = $closing{$id};
        my @left;
        for my $step (@{ $job->{open} }) {
            next if is_gone($step, $job->{job_key});
            my $count = kill_tree($step, $job->{job_key});
            $job->{killed} += $count if !$step->{counted}++;
            push @left, $step if !is_gone($step, $job->{job_key});
        }
        $job->{open} = \@left;
        if ($job->{sweep} && !@left) {
            # The last resort, also for a step whose receipt was lost.
            my @strays = marked($job->{job_key}, process_table());
            kill 'KILL', @strays;
            $job->{killed} += grep { !$job->{counted}{$_}++ } @strays;
            next if @strays;
        }
        # How a step ended that was taken over comes from its first supervisor, through the receipt.
        next if @left || grep { $adopted{ $_->{name} } } @{ $job->{all} };
        for my $step (@{ $job->{all} }) {
            # What is swept has no owner to ask for its end; what is closed may have another one, until it is forgotten.
            if ($job->{sweep}) { forget($step) }
            else               { kill_relay($step); unlink $step->{fifo}; delete $step->{keeper} }
        }
        delete $closing{$id};
        answer('done', $id, $job->{killed});
    }
}
