/** A container as it is to be made. */
export interface ContainerPlan {
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  /** null: the image's. */
  readonly user: string | null;
  /** `none`, `bridge` or a network by name. */
  readonly network: string;
  /** Under which others on that network find it. */
  readonly alias: string | null;
  readonly mounts: readonly Mount[];
  /** As `--publish` takes them. */
  readonly ports: readonly string[];
  /** Lines `NAME=VALUE` in this file; null: none. */
  readonly environmentFile: string | null;
  /** Rights of root that it keeps; all others are taken. */
  readonly capabilities: readonly string[];
  readonly limits: {
    readonly cpus: number | null;
    readonly memoryBytes: number | null;
    readonly processesMax: number | null;
    /** Of one file. */
    readonly fileBytes: number | null;
  };
  /** Further words of `docker run`, already judged. */
  readonly options: readonly string[];
  /** Its own process only waits: its standard input stays open, and an init before it takes care of orphans. */
  readonly isWaiting: boolean;
  /** Instead of the image's own; null: the image's. */
  readonly entrypoint: string | null;
  /** Behind the entrypoint. */
  readonly command: readonly string[];
}

export interface Mount {
  readonly kind: 'bind' | 'volume';
  /** Absolute path, or name of a volume. */
  readonly source: string;
  readonly target: string;
  readonly isReadOnly: boolean;
}

/** Of what a container prints itself; steps are not part of it. */
const LOG = ['--log-driver', 'json-file', '--log-opt', 'max-size=10m'];

/** The words that make and start a container which stays in the background. Never pulls. */
export function runWords(plan: ContainerPlan): string[] {
  const { limits } = plan;
  const words = ['run', '--detach', '--pull', 'never', '--name', plan.name, ...LOG];
  if (plan.isWaiting) words.push('--interactive', '--init');
  words.push('--cap-drop', 'ALL', ...plan.capabilities.flatMap((one) => ['--cap-add', one]));
  words.push('--security-opt', 'no-new-privileges', '--network', plan.network);
  if (plan.alias !== null) words.push('--network-alias', plan.alias);
  if (plan.user !== null) words.push('--user', plan.user);
  words.push(...labelWords(plan.labels));
  for (const mount of plan.mounts) words.push('--mount', mountWord(mount));
  for (const port of plan.ports) words.push('--publish', port);
  if (plan.environmentFile !== null) words.push('--env-file', plan.environmentFile);
  // Before the limits, so that no option takes the place of one.
  words.push(...plan.options);
  if (limits.cpus !== null) words.push('--cpus', String(limits.cpus));
  if (limits.memoryBytes !== null) {
    // Memory and swap together: swapping is no way around the limit.
    words.push('--memory', String(limits.memoryBytes), '--memory-swap', String(limits.memoryBytes));
  }
  if (limits.processesMax !== null) words.push('--pids-limit', String(limits.processesMax));
  if (limits.fileBytes !== null) words.push('--ulimit', `fsize=${limits.fileBytes}`);
  if (plan.entrypoint !== null) words.push('--entrypoint', plan.entrypoint);
  return [...words, '--', plan.image, ...plan.command];
}

/** The words that give something labels. */
export function labelWords(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
}

/** `80`, `8080:80`, with `/udp` behind, as `--publish` takes it: only for this machine, its port any one when none is said. */
export function publishWord(port: string): string {
  const [numbers, protocol] = port.split('/');
  const [first, second] = numbers!.split(':');
  const pair = second === undefined ? `:${first}` : `${first}:${second}`;
  return `127.0.0.1:${pair}${protocol === undefined ? '' : `/${protocol}`}`;
}

/** A line of comma-separated values, in which a value with a comma stands in quotation marks. */
function mountWord({ kind, source, target, isReadOnly }: Mount): string {
  const fields = [
    `type=${kind}`,
    `source=${source}`,
    `target=${target}`,
    ...(isReadOnly ? ['readonly'] : []),
  ];
  return fields.map((field) => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',');
}
