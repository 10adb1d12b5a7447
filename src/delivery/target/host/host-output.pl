# What instances and commands write: secrets are masked before the first byte reaches the disk, and logs are turned over.

my $LOG_BYTES_MAX  = 4 * 1024 * 1024;
my $LOG_FILES      = 3;
my $LINE_BYTES_MAX = 65536;

# A log to feed. `$secrets`: values that do not appear; of one with several lines each long line neither.
sub open_log {
    my ($path, $secrets) = @_;
    my %hidden = map { $_ => 1 } grep { length } @$secrets, grep { length > 4 } map { split /\r?\n/ } @$secrets;
    my @longest_first = sort { length $b <=> length $a } keys %hidden;
    my $pattern = join '|', map { quotemeta } @longest_first;
    sysopen my $file, $path, O_WRONLY | O_CREAT | O_APPEND, 0600;
    return {
        path => $path, file => $file, pending => '', size => -s $path // 0,
        pattern => @longest_first ? qr/$pattern/ : undef, held => @longest_first ? length($longest_first[0]) - 1 : 0,
    };
}

# Takes what was written. Up to its last line end it goes to the file, the rest waits, so that no secret is cut in two.
sub feed_log {
    my ($log, $text) = @_;
    $log->{pending} .= $text;
    my $ready = rindex($log->{pending}, "\n") + 1;
    $ready = length($log->{pending}) - $log->{held} if !$ready && length $log->{pending} > $LINE_BYTES_MAX;
    # Taken out of what is pending.
    write_log($log, substr $log->{pending}, 0, $ready, '') if $ready > 0;
}

sub flush_log {
    my ($log) = @_;
    write_log($log, $log->{pending}) if length $log->{pending};
    $log->{pending} = '';
}

sub write_log {
    my ($log, $text) = @_;
    $text =~ s/$log->{pattern}/***/g if $log->{pattern};
    if ($log->{size} + length $text > $LOG_BYTES_MAX) {
        rename "$log->{path}." . ($_ - 1), "$log->{path}.$_" for reverse 2 .. $LOG_FILES - 1;
        rename $log->{path}, "$log->{path}.1";
        sysopen $log->{file}, $log->{path}, O_WRONLY | O_CREAT | O_APPEND, 0600;
        $log->{size} = 0;
    }
    # On a full disk the output is lost, and the service goes on.
    write_all($log->{file}, $text) if $log->{file};
    $log->{size} += length $text;
}

# The last lines of a log, at most twenty and of 400 bytes each.
sub tail_of {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    my $size = -s $file;
    seek $file, $size > 32768 ? $size - 32768 : 0, 0;
    local $/;
    my @lines = map { substr $_, 0, 400 } split /\r?\n/, <$file> // '';
    @lines = @lines[ -20 .. -1 ] if @lines > 20;
    return join "\n", @lines;
}
