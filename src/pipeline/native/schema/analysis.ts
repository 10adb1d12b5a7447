import * as z from 'zod';
import { key, requiredKey } from './key.ts';
import { choice, duration, idText, script, template, text, wholeNumber } from './text.ts';

const share = (text: string | number) => Number(String(text).replace(/%$/, '')) <= 100;
/** A part of the whole: `1%` or `0.01`. */
const part = () =>
  z
    .union([
      z.number().positive().max(1),
      z
        .string()
        .regex(/^\d+(\.\d+)?%$/)
        .refine(share),
    ])
    .meta({ expects: 'a percentage such as `1%`, or a part such as `0.01`' });
const times = () =>
  z
    .string()
    .regex(/^[1-9]\d*(\.\d+)?x$/)
    .meta({ expects: 'a multiple of the old version such as `3x`' });
const amount = () => z.number().meta({ expects: 'a number' });
const off = () => z.literal(false).meta({ expects: '`false`' });

/** What is written here is in the plan and the journal, so it holds no password. */
const address = () =>
  z
    .string()
    .regex(/^https?:\/\//)
    .refine((url) => !/^https?:\/\/[^/?#]*@/.test(url), {
      error: 'holds a user name or password; ask by a `command` that has its own',
    })
    .meta({ expects: 'a URL', template: 'deploy' });

/** `before`: what the mapping has besides. */
const source = (before = '') => ({
  prometheus: key(
    address(),
    'The Prometheus server that answers `query`.',
    `${before}prometheus: http://localhost:9090\nquery: sum(rate(orders_total{version="\${{ deploy.version }}"}[1m]))`,
  ),
  query: key(
    template('deploy'),
    'What it is asked, for one number. `deploy.arm` and `deploy.version` say for which version. As the source of the whole analysis: a counter of requests with a label for the status, such as `code`; how much it grew is computed.',
    `${before}prometheus: http://localhost:9090\nquery: sum(rate(orders_total{version="\${{ deploy.version }}"}[1m]))`,
  ),
  http: key(
    address(),
    'A URL that answers with JSON.',
    `${before}http: http://localhost:8080/figures/\${{ deploy.arm }}\nfield: orders.rate`,
    ['url'],
  ),
  field: key(
    text().min(1),
    'Where in the answer the number is. As the source of the whole analysis: an object with `requests` and `errors`, which count up from 0.',
    `${before}http: http://localhost:8080/figures\nfield: orders.rate`,
  ),
  command: key(
    script('deploy'),
    'A command that prints one number. As the source of the whole analysis: a JSON object with `requests` and `errors`, which count up from 0.',
    `${before}command: ./figures.sh \${{ deploy.arm }}`,
  ),
});

export const sourceSchema = z.strictObject(source()).meta({ id: 'evidenceSource' });

const judging = (before: string) => ({
  test: key(
    choice('sequential', 'window'),
    '`window`: each interval is compared as it is, which may roll back good releases. Default: `sequential`.',
    `${before}\ntest: window`,
  ),
  min_sample: key(
    wholeNumber(0, 1_000_000_000),
    'Fewer requests than this decide nothing.',
    `${before}\nmin_sample: 200`,
  ),
  on_no_data: key(
    choice('hold', 'proceed', 'rollback'),
    'When it has no figure. Default: that of the strategy.',
    `${before}\non_no_data: hold`,
  ),
  mode: key(
    choice('rollback', 'observe'),
    '`observe`: it is shown and decides nothing. Default: `rollback`.',
    `${before}\nmode: observe`,
  ),
});

export const standardCheckSchema = z
  .strictObject({
    at_most: key(
      z.union([part(), times()]).meta({ expects: 'a percentage such as `1%`, or a multiple such as `3x`' }),
      'Harm is beyond this.',
      'at_most: 1%',
    ),
    quantile: key(
      z.number().gt(0).lt(1).meta({ expects: 'a number between 0 and 1' }),
      'Of `latency`: the part of the requests that is at most that slow. Default: 0.95.',
      'at_most: 3x\nquantile: 0.99',
    ),
    ...judging('at_most: 1%'),
    source: key(sourceSchema, 'Where its figure comes from.', 'at_most: 90%\nsource: {command: ./load.sh}'),
  })
  .meta({ id: 'standardCheck' });

const standard = (limit: z.ZodType) =>
  z.union([off(), limit, standardCheckSchema]).meta({ expects: 'a limit, `false`, or a mapping' });

export const metricCheckSchema = z
  .strictObject({
    name: requiredKey(idText(), 'What it is called.', 'name: orders\ncommand: ./orders.sh\nat_least: 10'),
    ...source('name: orders\n'),
    at_most: key(
      z.union([amount(), times()]).meta({ expects: 'a number, or a multiple such as `3x`' }),
      'Harm is above this.',
      'name: queue\ncommand: ./queue.sh\nat_most: 100',
    ),
    at_least: key(amount(), 'Harm is below this.', 'name: orders\ncommand: ./orders.sh\nat_least: 10'),
    ...judging('name: queue\ncommand: ./queue.sh\nat_most: 100'),
  })
  .meta({ id: 'metricCheck' });

export const triggerSourceSchema = z
  .strictObject({
    name: requiredKey(idText(), 'What it is called.', 'name: paging\ncommand: ./is-someone-paged.sh'),
    ...source('name: paging\n'),
  })
  .meta({ id: 'rollbackTrigger' });

export const analysisSchema = z
  .strictObject({
    alpha: key(
      z.number().gt(0).max(0.2).meta({ expects: 'a number over 0 and at most 0.2' }),
      'The chance that a good release is rolled back, for all its checks together. Default: 0.01.',
      'alpha: 0.01',
    ),
    interval: key(duration(), 'Time between two looks. Default: 5s.', 'interval: 5s'),
    source: key(
      sourceSchema,
      'Where requests and errors are counted. Default: in the router, which counts slow requests too.',
      'source: {http: "http://localhost:8080/counts/${{ deploy.arm }}", field: total}',
    ),
    error_rate: key(standard(part()), 'The part of failed requests. Default: 1%.', 'error_rate: 1%'),
    latency: key(
      standard(times()),
      'How much slower than the old version. Default: 3x at the quantile 0.95.',
      'latency: {at_most: 3x, quantile: 0.95}',
    ),
    health_failures: key(
      standard(part()),
      'The part of failed health checks. Default: 10%.',
      'health_failures: 10%',
    ),
    resources: key(standard(part()), 'Of processor and memory. Default: 90%.', 'resources: 90%'),
    metrics: key(
      z.array(metricCheckSchema).meta({ expects: 'a list of checks' }),
      'Your own figures.',
      'metrics:\n  - {name: orders, command: ./orders.sh, at_least: 10}',
    ),
    triggers: key(
      z.array(triggerSourceSchema).meta({ expects: 'a list of triggers' }),
      'Alerts and scripts that roll back at once when they fire: an answer that is true or over 0, or an exit code that is not 0.',
      'triggers:\n  - {name: paging, command: ./is-someone-paged.sh}',
    ),
  })
  .meta({ id: 'analysis' });
