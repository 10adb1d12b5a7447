import * as z from 'zod';
import { ENVIRONMENT_TYPES } from '../../plan-environment.ts';
import { analysisSchema } from './analysis.ts';
import { demandedGates } from './gate.ts';
import { healthChecks } from './health-check.ts';
import { key, requiredKey } from './key.ts';
import { recurrenceProblem } from './recurrence.ts';
import { rollback } from './rollback.ts';
import { strategy } from './strategy.ts';
import { routerSchema, target } from './target.ts';
import {
  choice,
  displayName,
  duration,
  flag,
  globs,
  idText,
  processors,
  references,
  script,
  size,
  text,
  wholeNumber,
} from './text.ts';
import { secretNames, variableName, variables } from './variable.ts';

const hostName = () =>
  z
    .string()
    .regex(/^[A-Za-z0-9._:[\]-]+$/)
    .meta({ expects: 'a host name or address without user, port and path' });
const port = () => wholeNumber(1, 65_535);
const user = () =>
  z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/)
    .meta({ expects: 'a user name' });
export const deployCommandSchema = z
  .strictObject({
    name: key(
      displayName(),
      'What people see. Default: the first line of the command.',
      'name: warm up\nrun: ./warm-up.sh',
    ),
    run: requiredKey(script('deploy'), 'The command.', 'run: ./warm-up.sh', ['command']),
    timeout: key(duration(), 'Longest time for it. Default: 5m.', 'run: ./warm-up.sh\ntimeout: 1m'),
  })
  .meta({ id: 'deployCommand' });

const hooks = () =>
  z
    .array(
      z
        .union([script('deploy'), deployCommandSchema])
        .meta({ expects: 'a command, or a mapping with `run`' }),
    )
    .meta({ expects: 'a list of commands' });

const secretName = () => variableName().meta({ expects: 'the name of a secret' });
const hostKey = () =>
  z
    .string()
    // A line of `ssh-keyscan` with the host before it, or of a `.pub` file with a comment after it, is one too.
    .regex(/^(\S+ )?(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}( .*)?$/)
    .meta({ expects: 'a public key such as `ssh-ed25519 AAAA...`' });

export const hostSchema = z
  .strictObject({
    host: requiredKey(hostName(), 'Name or address.', 'host: web-1.example.com'),
    port: key(
      port(),
      'SSH port. Default: that of the environment, or 22.',
      'host: web-1.example.com\nport: 2222',
    ),
    user: key(user(), 'SSH user. Default: that of the environment.', 'host: web-1.example.com\nuser: deploy'),
    key: key(
      secretName(),
      'The secret with the private key. Default: that of the environment, or your own agent and key files.',
      'host: web-1.example.com\nkey: DEPLOY_KEY',
    ),
    host_key: key(
      hostKey(),
      "The host's own key. Default: as your `known_hosts` says.",
      'host: web-1.example.com\nhost_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample',
    ),
  })
  .meta({ id: 'host' });

const registryName = () =>
  z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[a-z0-9._-]+)*$/i, {
      error:
        'is no name of a registry; write it without scheme, user and password, such as `registry.example.com`',
    })
    .meta({ expects: 'the name of a registry, such as `registry.example.com`' });

export const registrySchema = z
  .strictObject({
    host: requiredKey(
      registryName(),
      'Its name, with a port and a path where it has them.',
      'host: registry.example.com\nuser: deploy\npassword: REGISTRY_TOKEN',
    ),
    user: requiredKey(
      user(),
      'Who asks.',
      'host: registry.example.com\nuser: deploy\npassword: REGISTRY_TOKEN',
    ),
    password: requiredKey(
      secretName(),
      'The secret with the password, or token.',
      'host: registry.example.com\nuser: deploy\npassword: REGISTRY_TOKEN',
    ),
  })
  .meta({ id: 'registry' });

const day = () =>
  z
    .string()
    .superRefine((rule, context) => {
      const problem = recurrenceProblem(rule);
      if (problem) context.addIssue({ code: 'custom', message: problem });
    })
    .meta({ expects: 'a recurrence rule of RFC 5545, such as `FREQ=WEEKLY;BYDAY=MO,TU,WE,TH`' });
const moment = () =>
  z
    .string()
    .refine((value) => /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value)))
    .meta({ expects: 'a time such as `2026-12-20T00:00:00Z`' });
const clockTime = () =>
  z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/)
    .meta({ expects: 'a time of day such as `"09:00"`' });

const timeZone = () =>
  z
    .string()
    .refine((name) => {
      try {
        return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
      } catch {
        return false;
      }
    })
    .meta({ expects: 'a time zone such as `Europe/Berlin`' });

export const windowSchema = z
  .strictObject({
    rule: key(
      day(),
      'Which days, as a recurrence rule of RFC 5545. Default: every day.',
      'rule: FREQ=WEEKLY;BYDAY=MO,TU,WE,TH\nfrom: "09:00"\nto: "16:00"',
      ['rrule'],
    ),
    from: requiredKey(clockTime(), 'From this time of day.', 'from: "09:00"\nto: "16:00"'),
    to: requiredKey(clockTime(), 'To this time of day.', 'from: "09:00"\nto: "16:00"'),
    time_zone: key(timeZone(), 'Default: UTC.', 'from: "09:00"\nto: "16:00"\ntime_zone: Europe/Berlin'),
  })
  .meta({ id: 'window' });

export const freezeSchema = z
  .strictObject({
    start: requiredKey(
      moment(),
      'From this moment.',
      'start: "2026-12-20T00:00:00Z"\nend: "2027-01-04T00:00:00Z"',
    ),
    end: requiredKey(
      moment(),
      'To this moment.',
      'start: "2026-12-20T00:00:00Z"\nend: "2027-01-04T00:00:00Z"',
    ),
    reason: key(
      text(),
      'For people.',
      'start: "2026-12-20T00:00:00Z"\nend: "2027-01-04T00:00:00Z"\nreason: end of the year',
    ),
  })
  .meta({ id: 'freeze' });

export const protectionSchema = z
  .strictObject({
    approvals: key(wholeNumber(0, 20), 'How many people must agree.', 'approvals: 2'),
    approvers: key(
      z.array(displayName()),
      'Who may agree, by account or team.',
      'approvals: 1\napprovers: [alice, team/operations]',
    ),
    windows: key(
      z.array(windowSchema),
      'Deployments only at these times.',
      'windows:\n  - {from: "09:00", to: "16:00"}',
    ),
    freezes: key(
      z.array(freezeSchema),
      'No deployments at these times.',
      'freezes:\n  - {start: "2026-12-20T00:00:00Z", end: "2027-01-04T00:00:00Z"}',
    ),
    author: key(
      flag(),
      'The author of the change may be one of them. Default: false.',
      'approvals: 1\nauthor: true',
    ),
    branches: key(globs(), 'Only commits of these branches.', 'branches: [main, "release/*"]'),
    gates: key(
      demandedGates(),
      'Gates that must have passed for this commit. `[]`: none.',
      'gates: [coverage-unit, sast]',
    ),
  })
  .meta({ id: 'protection' });

export const promotionSchema = z
  .strictObject({
    after: requiredKey(references(), 'Only what these environments run already.', 'after: staging'),
    same_artifact: key(flag(), 'The same digest. Default: true.', 'after: staging\nsame_artifact: true'),
  })
  .meta({ id: 'promotion' });

export const resourcesSchema = z
  .strictObject({
    cpu: key(processors(), 'How many processors.', 'cpu: 0.5', ['cpus']),
    memory: key(size(), 'How much memory.', 'memory: 512Mi'),
    disk: key(
      size(),
      'How much disk it needs. For people: no target holds to it, and the plan says so.',
      'disk: 10Gi',
    ),
    replicas: key(wholeNumber(0, 10_000), 'How many instances.', 'replicas: 3'),
  })
  .meta({ id: 'resources' });

export const environmentSchema = z
  .strictObject({
    name: key(idText(), 'Its name, when `environments` is a list.', 'name: staging'),
    description: key(text(), 'For people.', 'description: Where we try'),
    type: key(
      choice(...ENVIRONMENT_TYPES),
      'What it is for. `production` brings the strict defaults. Default: by its name.',
      'type: staging',
    ),
    hosts: key(
      z
        .array(z.union([hostName(), hostSchema]).meta({ expects: 'a host name, or a mapping with `host`' }))
        .min(1),
      'Where it runs.',
      'hosts: [web-1.example.com, {host: web-2.example.com, port: 2222}]',
    ),
    host: key(hostName(), 'Where it runs, when that is one host.', 'host: staging.example.com'),
    port: key(port(), 'SSH port. Default: 22.', 'host: staging.example.com\nport: 22'),
    user: key(user(), 'The SSH user.', 'host: staging.example.com\nuser: deploy'),
    key: key(
      secretName(),
      'The secret with the private SSH key. Default: your own agent and key files.',
      'host: staging.example.com\nkey: DEPLOY_KEY',
    ),
    target: key(
      target(),
      'What runs a release. Default: `ssh` with hosts, else `process`.',
      'target: docker',
    ),
    router: key(
      routerSchema,
      'What sends the traffic. Default: that of the service.',
      'router: {kind: proxy, listen: 8080}',
    ),
    registry: key(
      z
        .union([registryName(), registrySchema])
        .meta({ expects: 'the name of a registry, or a mapping with `host`, `user` and `password`' }),
      'Where images come from that name no registry themselves, and who asks for them. Default: as your own `docker login` has it.',
      'registry: {host: registry.example.com, user: deploy, password: REGISTRY_TOKEN}',
      ['docker_registry'],
    ),
    variables: key(variables('deploy'), 'Variables of what is deployed here.', 'variables: {LEVEL: info}', [
      'env',
    ]),
    secrets: key(secretNames(), 'Secrets of what is deployed here.', 'secrets: [DATABASE_URL]'),
    health_checks: key(
      healthChecks(),
      'How to see that a release works.',
      'health_checks:\n  - {http: "http://staging.example.com/health", timeout: 30}',
    ),
    pre_deploy_hooks: key(
      hooks(),
      'Commands before a deployment.',
      'pre_deploy_hooks: [./scripts/pre-deploy.sh]',
    ),
    post_deploy_hooks: key(
      hooks(),
      'Commands after a deployment.',
      'post_deploy_hooks: [./scripts/announce.sh]',
    ),
    smoke_tests: key(
      hooks(),
      'Commands that must succeed after a deployment.',
      'smoke_tests: [./scripts/smoke-test.sh]',
    ),
    protection: key(protectionSchema, 'What must be true before a deployment.', 'protection: {approvals: 2}'),
    promotion: key(promotionSchema, 'Which environments come first.', 'promotion: {after: staging}'),
    resources: key(resourcesSchema, 'What an instance gets.', 'resources: {cpu: 0.5, memory: 512Mi}'),
    strategy: key(strategy(), 'How a new version takes over here.', 'strategy: canary'),
    analysis: key(
      analysisSchema,
      'By what evidence a release is judged here.',
      'analysis: {error_rate: 1%, latency: 3x}',
    ),
    rollback: key(rollback(), 'How it goes back here.', 'rollback: {strategy: immediate, retries: 2}'),
    timeout: key(duration(), 'Longest time for a deployment.', 'timeout: 1h'),
  })
  .meta({ id: 'environment' });

export const environments = () =>
  z
    .union([z.record(idText(), z.union([z.null(), environmentSchema])), z.array(environmentSchema)])
    .meta({ expects: 'a mapping from name to environment' });
