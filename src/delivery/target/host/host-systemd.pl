# Supervisors as services of systemd, where there is one: in no session that could end, in a control group of their own with its
# limits, and started again should they be killed.

# A user's own systemd ends with the user's last session, unless the user lingers.
sub has_systemd {
    return asked('systemd') eq 'yes' if asked('systemd') ne '';
    return 0 if !-d '/run/systemd/system';
    return $> == 0 || -e '/var/lib/systemd/linger/' . ((getpwuid $>)[0] // '');
}

sub start_unit {
    my ($id, $about) = @_;
    my @words = (
        $> ? '--user' : (), '--quiet', '--collect', "--unit=sluice-$id", "--description=$about->{service} by Sluice",
        map({ "--property=$_" } unit_properties($about)),
        map({ "--setenv=$_" } base_environment()),
        '--', $^X, agent_file(), $root, $id,
    );
    local $ENV{XDG_RUNTIME_DIR} = "/run/user/$>" if $>;
    program('systemd-run', @words)
        or refuse('failed', 'systemd-run failed; see `journalctl -xe` on the host, or set `systemd: false` for the target');
}

sub unit_properties {
    my ($about) = @_;
    return (
        'Type=exec', 'KillMode=mixed', 'TimeoutStopSec=' . (int($about->{drain} / 1000) + 10),
        'Restart=on-failure', 'RestartSec=1', 'TasksMax=infinity', 'LimitCORE=0',
        $about->{memory} ne '' ? "MemoryMax=$about->{memory}" : (),
        $about->{cpus} ne '' ? 'CPUQuota=' . int($about->{cpus} * 100 + 0.5) . '%' : (),
    );
}

# This script as a file that systemd can start. It is that of the request which starts the instance.
sub agent_file {
    my $file = "$root/agent-" . asked('script') . '.pl';
    save_text($file, our_script() . "\nlead_instance(\@ARGV);\n") if !-e $file;
    return $file;
}

# Kept by the bootstrap, in agent-script.ts.
sub our_script { return $main::s }

sub lead_instance {
    my $id;
    ($root, $id) = @_;
    umask 077;
    chdir '/';
    become_subreaper();
    $0 = "sluice: $id in $root";
    supervise_instance("$root/instances/$id");
}
