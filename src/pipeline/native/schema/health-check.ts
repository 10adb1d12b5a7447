import * as z from 'zod';
import { type ContextName, key } from './key.ts';
import { choice, displayName, duration, script, wholeNumber } from './text.ts';

/** The texts of a check see other things around a deployment than beside a job. */
type CheckContext = Extract<ContextName, 'jobEnv' | 'deploy'>;

const url = (contexts: CheckContext) =>
  z
    .string()
    .superRefine((value, context) => {
      const problem = urlProblem(value);
      if (problem) context.addIssue({ code: 'custom', message: problem });
    })
    .meta({
      expects: 'a URL such as `http://localhost:8080/health`, or a path of the instance such as `/health`',
      template: contexts,
    });

function urlProblem(value: string): string | null {
  // A template may stand for any part; it is known only when the check runs.
  if (value.includes('${{')) return null;
  if (/^\/(?!\/)\S*$/.test(value)) return null;
  if (!URL.canParse(value)) return 'is no URL; write `http://host:port/path`, or `/path` of the instance';
  const { protocol, username, password } = new URL(value);
  if (protocol !== 'http:' && protocol !== 'https:') return 'must begin with `http://` or `https://`';
  return username || password ? 'holds a user name or password; give those as secrets' : null;
}

/** Exactly one of `http`, `tcp` and `command` says how to ask. */
const check = (contexts: CheckContext) =>
  z.strictObject({
    name: key(displayName(), 'What the check is called.', 'name: home page\nhttp: http://localhost:8080/'),
    kind: key(
      choice('readiness', 'liveness', 'startup'),
      'What the answer decides. Default: `readiness`.',
      'kind: liveness\ntcp: 8080',
    ),
    http: key(
      url(contexts),
      'Healthy when this URL answers with a status from 200 to 399.',
      'http: http://localhost:8080/health',
      ['url'],
    ),
    status: key(
      wholeNumber(100, 599),
      'The only status that is healthy.',
      'http: http://localhost:8080/health\nstatus: 204',
    ),
    tcp: key(
      z
        .union([wholeNumber(1, 65_535), z.string().regex(/^[^\s/@]+:\d{1,5}$/)])
        .meta({ expects: 'a port, or `host:port`' }),
      'Healthy when a connection can be opened.',
      'tcp: 5432',
    ),
    command: key(script(contexts), 'Healthy when this exits with 0.', 'command: ./healthy.sh'),
    interval: key(duration(), 'Time between two checks. Default: 10s.', 'tcp: 5432\ninterval: 5s'),
    timeout: key(duration(), 'Longest time for one check. Default: 5s.', 'tcp: 5432\ntimeout: 2s'),
    success_threshold: key(
      wholeNumber(1, 100),
      'Successes in a row that make it healthy. Default: 1.',
      'tcp: 5432\nsuccess_threshold: 2',
    ),
    failure_threshold: key(
      wholeNumber(1, 100),
      'Failures in a row that make it unhealthy. Default: 3.',
      'tcp: 5432\nfailure_threshold: 5',
    ),
  });

const CHECKS = {
  jobEnv: check('jobEnv').meta({ id: 'serviceCheck' }),
  deploy: check('deploy').meta({ id: 'healthCheck' }),
};

/** One schema for each place, so that the JSON Schema names it once. */
export function healthCheckSchema(contexts: CheckContext): (typeof CHECKS)[CheckContext] {
  return CHECKS[contexts];
}

const oneOrMore = () =>
  z.union([CHECKS.deploy, z.array(CHECKS.deploy).min(1)]).meta({ expects: 'a check or a list of checks' });

export const healthCheckKindsSchema = z
  .strictObject({
    readiness: key(oneOrMore(), 'May it get traffic?', 'readiness: {http: "http://localhost:8080/ready"}'),
    liveness: key(oneOrMore(), 'Must it be started again?', 'liveness: {tcp: 8080}'),
    startup: key(oneOrMore(), 'Has it started?', 'startup: {tcp: 8080, failure_threshold: 30}'),
  })
  .meta({ id: 'healthCheckKinds' });

export const healthChecks = () =>
  z
    .union([z.array(CHECKS.deploy).min(1), healthCheckKindsSchema])
    .meta({ expects: 'a list of checks, or a mapping with `readiness`, `liveness` and `startup`' });
