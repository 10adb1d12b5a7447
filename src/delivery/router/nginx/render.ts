import type { Backend, Traffic, TrafficRule } from '../contract.ts';
import { serverWeights } from '../weights.ts';

/** A hundredth of a percent beside one server. */
const WEIGHT_MAX = 10_000;
/** A backend that failed gets no request for so long. */
const FAILURE = 'max_fails=1 fail_timeout=1s';

const FORMAT_FIELDS =
  '{"at":$msec,"address":"$upstream_addr","statuses":"$upstream_status","began":"$upstream_header_time","took":"$upstream_response_time","method":"$request_method","path":"$request_uri"}';

/** The names that an upstream's file defines, for the configuration that uses it. */
export function namesOf(upstream: string): {
  readonly variable: string;
  readonly cookie: string;
  readonly format: string;
} {
  const word = upstream.replace(/\W/g, '_');
  return { variable: `$sluice_${word}`, cookie: `$sluice_${word}_cookie`, format: `sluice_${word}` };
}

/**
 * The file that nginx includes within `http`: the groups of servers by weight and by version, and the variable that says which of them a request
 * gets. `traffic` null: none was set, and every request is refused.
 */
export function renderFile(
  upstream: string,
  traffic: Traffic | null,
  draining: readonly string[],
  addresses: Readonly<Record<string, string>>,
): string {
  const { variable, cookie, format } = namesOf(upstream);
  const versions = traffic?.versions.filter(({ version }) => !draining.includes(version)) ?? [];
  const weights = traffic && serverWeights(traffic, WEIGHT_MAX).weights;
  const group = (version: string) => `${upstream}-v${versions.findIndex((one) => one.version === version)}`;
  const server = ({ host, port }: Backend, more: string) => {
    const address = addresses[host]!;
    return `  server ${address.includes(':') ? `[${address}]` : address}:${port} ${more};`;
  };
  const weighted = versions.flatMap(({ version, weightPercent, backends }) => {
    const weight = weights?.get(version);
    return weightPercent > 0 ? backends.map((one) => server(one, `weight=${weight} ${FAILURE}`)) : [];
  });
  const standbys = versions.flatMap(({ weightPercent, backends, standby }) =>
    standby && weightPercent === 0 ? backends.map((one) => server(one, `${FAILURE} backup`)) : [],
  );
  // A group of one server that is only a refusal: nginx takes no empty group.
  const all = weighted.length > 0 ? [...weighted, ...standbys] : ['  server 127.0.0.1:1 down;'];
  const groups = versions
    .filter(({ backends }) => backends.length > 0)
    .map(({ version, backends }) => {
      const own = backends.map((one) => server(one, FAILURE));
      const others = versions
        .filter((other) => other.version !== version && (other.weightPercent > 0 || other.standby))
        .flatMap((other) => other.backends.map((one) => server(one, `${FAILURE} backup`)));
      return block(`upstream ${group(version)}`, [
        '  zone '.concat(group(version), ' 64k;'),
        ...own,
        ...others,
      ]);
    });
  const rules = (traffic?.rules ?? []).filter(({ version }) =>
    versions.some((one) => one.version === version && one.backends.length > 0),
  );
  const stay = stickiness(upstream, traffic, group);
  // Each rule asks the next one when it does not fit.
  const asked = rules.map((rule, at) => {
    const next = at + 1 < rules.length ? `${variable}_rule${at + 1}` : stay.target;
    const name = at === 0 ? variable : `${variable}_rule${at}`;
    return block(`map ${sourceOf(rule)} ${name}`, [
      `  ${exactly(rule.value)} ${group(rule.version)};`,
      `  default ${next};`,
    ]);
  });
  if (rules.length === 0) asked.push(block(`map "" ${variable}`, [`  default ${stay.target};`]));
  return [
    `# Written by Sluice for ${upstream}; what is changed here by hand is lost.`,
    `log_format ${format} escape=json '${FORMAT_FIELDS}';`,
    block(`upstream ${upstream}`, [`  zone ${upstream} 64k;`, ...all]),
    ...groups,
    ...stay.blocks,
    block(`map "" ${cookie}`, [`  default ${stay.cookie};`]),
    ...asked,
    '',
  ].join('\n');
}

/** Which group a visitor gets that stays, else the group of all. */
function stickiness(
  upstream: string,
  traffic: Traffic | null,
  group: (version: string) => string,
): { readonly target: string; readonly cookie: string; readonly blocks: readonly string[] } {
  const by = traffic?.stickiness ?? null;
  if (by === null) return { target: upstream, cookie: '""', blocks: [] };
  const { variable } = namesOf(upstream);
  const shares = traffic!.versions.filter(({ weightPercent }) => weightPercent > 0);
  const lines = shares.map(({ version, weightPercent }, at) =>
    at === shares.length - 1 ? `  * ${group(version)};` : `  ${weightPercent.toFixed(2)}% ${group(version)};`,
  );
  const source = by.by === 'header' ? headerVariable(by.name) : cookieVariable(by.name);
  const split = (of: string) => block(`split_clients "${of}" ${variable}_split`, lines);
  if (by.by === 'header') {
    const stays = block(`map ${source} ${variable}_stay`, [
      `  "" ${upstream};`,
      `  default ${variable}_split;`,
    ]);
    return { target: `${variable}_stay`, cookie: '""', blocks: [split(source), stays] };
  }
  // A visitor's name is the identity of its first request.
  const visitor = block(`map ${source} ${variable}_visitor`, ['  "" $request_id;', `  default ${source};`]);
  const given = block(`map ${source} ${variable}_given`, [
    `  "" "${by.name}=$request_id; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax";`,
    '  default "";',
  ]);
  return {
    target: `${variable}_split`,
    cookie: `${variable}_given`,
    blocks: [visitor, split(`${variable}_visitor`), given],
  };
}

function sourceOf({ kind, name }: TrafficRule): string {
  return kind === 'header' ? headerVariable(name) : cookieVariable(name);
}

function headerVariable(name: string): string {
  return `$http_${name.toLowerCase().replaceAll('-', '_')}`;
}

function cookieVariable(name: string): string {
  return `$cookie_${name}`;
}

/** nginx compares words without case, and patterns with it. */
function exactly(value: string): string {
  const bytes = [...Buffer.from(value)].map((byte) => {
    const character = String.fromCharCode(byte);
    return /\w/.test(character) ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
  });
  return `"~^${bytes.join('')}$"`;
}

function block(head: string, lines: readonly string[]): string {
  return [`${head} {`, ...lines, '}'].join('\n');
}
