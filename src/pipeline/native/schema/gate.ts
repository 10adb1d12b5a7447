import * as z from 'zod';
import { GATE_PRESETS, type SEVERITIES } from '../../plan-gate.ts';
import { key, requiredKey } from './key.ts';
import { choice, displayName, glob, globs, idText, text, wholeNumber } from './text.ts';

const limit = () => z.number().meta({ expects: 'a number' });
const preset = () => choice(...GATE_PRESETS);
const severity = (name: (typeof SEVERITIES)[number]) =>
  key(wholeNumber(0, 1_000_000_000), `The most findings that are ${name}.`, `${name}: 0`);

export const severitiesSchema = z
  .strictObject({
    critical: severity('critical'),
    high: severity('high'),
    medium: severity('medium'),
    low: severity('low'),
    info: severity('info'),
  } satisfies Record<(typeof SEVERITIES)[number], z.ZodType>)
  .meta({ id: 'severities' });

const names = () =>
  z.union([displayName(), z.array(displayName())]).meta({ expects: 'a name or a list of names' });

export const gateExceptionSchema = z
  .strictObject({
    label: key(names(), 'Changes with one of these labels.', 'label: test-removal-ok', ['labels']),
    path: key(globs(), 'Facts of these files.', 'path: generated/**', ['paths']),
    reason: key(text(), 'For people.', 'path: generated/**\nreason: written by a program'),
  })
  .meta({ id: 'gateException' });

export const gateSchema = z
  .strictObject({
    name: key(
      idText(),
      'What the condition is called. Default: the preset or the metric.',
      'name: coverage\nmetric: coverage.line\nat_least: 80',
    ),
    preset: key(
      preset(),
      'A ready condition by its name; what stands beside it replaces its own.',
      'preset: coverage-unit',
    ),
    metric: key(
      text().min(1),
      'The figure to judge, as an expression over facts.',
      'metric: coverage.line\nat_least: 80',
      ['condition'],
    ),
    at_least: key(limit(), 'Passes at this value or above.', 'metric: coverage.line\nat_least: 80'),
    at_most: key(limit(), 'Passes at this value or below.', 'metric: findings.critical\nat_most: 0'),
    not_below: key(
      choice('target'),
      'Passes when it is not worse than on the target branch.',
      'metric: coverage.line\nnot_below: target',
    ),
    tolerance: key(
      limit().min(0),
      'How much worse `not_below` allows.',
      'metric: coverage.line\nnot_below: target\ntolerance: 0.1',
    ),
    adjust: key(
      choice('removed', 'none'),
      '`removed`: `not_below` compares without the lines that the change removes. Default: `removed`.',
      'metric: coverage.line\nnot_below: target\nadjust: none',
    ),
    severities: key(
      severitiesSchema,
      'The most findings of each severity.',
      'preset: sast\nseverities: {critical: 0, high: 0, medium: 3}',
    ),
    scope: key(
      choice('all', 'new'),
      '`new`: only changed lines. Default: `all`.',
      'metric: coverage.line\nat_least: 90\nscope: new',
    ),
    min_sample: key(
      wholeNumber(0, 1_000_000_000),
      'Fewer than this decide nothing.',
      'metric: coverage.line\nat_least: 80\nmin_sample: 20',
    ),
    mode: key(
      choice('block', 'warn', 'shadow'),
      'What a failure does. Default: `block`.',
      'preset: mutation\nmode: warn',
    ),
    missing: key(
      choice('fail', 'warn', 'skip'),
      'What an absent report means. Default: `fail`.',
      'preset: load\nmissing: warn',
    ),
    unless: key(
      z
        .union([gateExceptionSchema, z.array(gateExceptionSchema).min(1)])
        .meta({ expects: 'a mapping with `label` or `path`, or a list of those' }),
      'Where it does not count.',
      'preset: complexity\nunless: {path: generated/**, reason: written by a program}',
      ['exceptions'],
    ),
  })
  .meta({ id: 'gate' });

const gateList = () =>
  z.array(z.union([preset(), gateSchema]).meta({ expects: 'the name of a preset, or a condition' }));

export const gates = () => gateList().min(1).meta({ expects: 'a list of gates' });

/** What an environment demands: nothing of it is said by an empty list. */
export const demandedGates = () => gateList().meta({ expects: 'a list of gates' });

const matchText = () => text().min(1);

export const waiverMatchSchema = z
  .strictObject({
    rule: key(matchText(), 'A rule or advisory.', 'rule: CVE-2026-0001'),
    path: key(glob(), 'A file or glob.', 'path: api/**'),
    fingerprint: key(matchText(), 'One finding by its fingerprint.', 'fingerprint: 9f86d081884c7d65'),
    package: key(matchText(), 'A package.', 'package: lodash'),
    test: key(matchText(), 'A test by its name.', 'test: orders are kept'),
  })
  .meta({ id: 'waiverMatch' });

const moment = () =>
  z
    .string()
    .refine((value) => /^\d{4}-\d\d-\d\d($|T)/.test(value) && !Number.isNaN(Date.parse(value)))
    .meta({ expects: 'a day such as `2026-12-31`, or a time such as `2026-12-31T12:00:00Z`' });

/** A whole waiver that has `part` in it. */
const waiverWith = (part: string): string => {
  const parts = [
    'condition: sca',
    'owner: team/security',
    'reason: there is no fix yet',
    'approver: alice',
    'expires: 2026-12-31',
  ];
  const others = parts.filter((one) => one.split(':')[0] !== part.split(':')[0]);
  return [part, ...others].join('\n');
};

export const waiverSchema = z
  .strictObject({
    condition: requiredKey(idText(), 'The name of the condition.', waiverWith('condition: sca')),
    match: key(
      waiverMatchSchema,
      'What of it is accepted. Default: all of it.',
      waiverWith('match: {rule: CVE-2026-0001, path: api/**}'),
    ),
    owner: requiredKey(displayName(), 'Who looks after it.', waiverWith('owner: team/security')),
    reason: requiredKey(text().min(1), 'Why it is accepted.', waiverWith('reason: there is no fix yet')),
    ticket: key(text().min(1), 'Where the work on it is tracked.', waiverWith('ticket: SEC-9')),
    approver: requiredKey(
      displayName(),
      'Who agreed; not the author of the change.',
      waiverWith('approver: alice'),
    ),
    granted: key(
      moment(),
      'From when on it holds; a day means its start, in UTC. How long it lasts is counted from here.',
      waiverWith('granted: 2026-12-01'),
    ),
    expires: requiredKey(
      moment(),
      'Up to when it holds; a day means its end, in UTC.',
      waiverWith('expires: 2026-12-31'),
    ),
    emergency: key(
      z.boolean().meta({ expects: '`true` or `false`' }),
      'A bypass of at most 24 hours that opens a review.',
      waiverWith('emergency: true'),
    ),
  })
  .meta({ id: 'waiver' });

/** The waivers file. */
export const waiversSchema = z.strictObject({
  waivers: requiredKey(
    z.array(waiverSchema).meta({ expects: 'a list of waivers' }),
    'Accepted failures.',
    'waivers:\n  - {condition: sca, owner: team/security, reason: no fix yet, approver: alice, expires: 2026-12-31}',
  ),
});
