import { describe, expect, it } from 'vitest';
import { UserError } from '../base/diagnostic.ts';
import { lookOf } from './look.ts';
import { readSettings } from './settings.ts';

const MACHINE = { cwd: '/work/shop', cores: 4 };

function problemsOf(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError)
      return error.diagnostics.map((one) => `${one.message} (${one.suggestion})`);
    throw error;
  }
  throw new Error('nothing was wrong');
}

describe('readSettings', () => {
  it('has defaults', () => {
    expect(readSettings({}, {}, MACHINE)).toEqual({
      home: null,
      workspace: null,
      file: null,
      workersMax: 4,
      colour: 'auto',
    });
  });

  it('takes the environment over the defaults', () => {
    const environment = {
      SLUICE_HOME: '/data',
      PIPELINE_CONFIG_PATH: 'ci.yaml',
      PIPELINE_WORKSPACE: 'ws',
      PIPELINE_MAX_WORKERS: '10',
    };
    expect(readSettings({}, environment, MACHINE)).toMatchObject({
      home: '/data',
      workspace: '/work/shop/ws',
      file: { path: 'ci.yaml', from: 'PIPELINE_CONFIG_PATH' },
      workersMax: 10,
    });
  });

  it('takes a flag over the environment', () => {
    const environment = {
      SLUICE_HOME: '/data',
      PIPELINE_CONFIG_PATH: 'ci.yaml',
      PIPELINE_WORKSPACE: 'ws',
      PIPELINE_MAX_WORKERS: 'nonsense',
    };
    const flags = { home: '/other', file: 'own.yaml', workspace: '/tmp/w', workers: '2' };
    expect(readSettings(flags, environment, MACHINE)).toMatchObject({
      home: '/other',
      workspace: '/tmp/w',
      file: { path: 'own.yaml', from: '--file' },
      workersMax: 2,
    });
  });

  it('counts an empty environment variable as not set', () => {
    expect(readSettings({}, { PIPELINE_MAX_WORKERS: '', SLUICE_HOME: '' }, MACHINE)).toMatchObject({
      home: null,
      workersMax: 4,
    });
  });

  it.each(['0', '-1', '1.5', 'many', '1025', '99999999999', ' '])(
    'refuses %j workers, naming where it came from',
    (value) => {
      expect(problemsOf(() => readSettings({}, { PIPELINE_MAX_WORKERS: value }, MACHINE))).toEqual([
        `PIPELINE_MAX_WORKERS is ${JSON.stringify(value)}, which is not a number of workers (give a whole number from 1 to 1024; this machine has 4 cores)`,
      ]);
    },
  );

  it('tells all problems at once', () => {
    expect(problemsOf(() => readSettings({ workers: 'x', color: 'blue', home: '' }, {}, MACHINE))).toEqual([
      '--home is empty (leave out --home, or give it a value)',
      '--workers is "x", which is not a number of workers (give a whole number from 1 to 1024; this machine has 4 cores)',
      '--color is "blue", which is no choice of colours (use always, never or auto)',
    ]);
  });
});

describe('lookOf', () => {
  const terminal = { write: () => {}, isTTY: true, columns: 120, rows: 50 };
  const pipe = { write: () => {} };
  it.each([
    ['a terminal', terminal, {}, 'auto', true],
    ['a pipe', pipe, {}, 'auto', false],
    ['NO_COLOR', terminal, { NO_COLOR: '1' }, 'auto', false],
    ['an empty NO_COLOR', terminal, { NO_COLOR: '' }, 'auto', true],
    ['FORCE_COLOR', pipe, { FORCE_COLOR: '1' }, 'auto', true],
    ['FORCE_COLOR=0', terminal, { FORCE_COLOR: '0' }, 'auto', false],
    ['TERM=dumb', terminal, { TERM: 'dumb' }, 'auto', false],
    ['--color over NO_COLOR', pipe, { NO_COLOR: '1' }, 'always', true],
    ['--no-color over FORCE_COLOR', terminal, { FORCE_COLOR: '1' }, 'never', false],
  ] as const)('decides about colour by %s', (_name, output, environment, choice, colour) => {
    const look = lookOf(output, environment, choice);
    expect(look.colour).toBe(colour);
    expect(look.paint('red', 'x')).toBe(colour ? '\u001b[31mx\u001b[39m' : 'x');
  });

  it('draws live only in a terminal that can', () => {
    expect(lookOf(terminal, {}, 'auto').live).toBe(true);
    expect(lookOf(terminal, { TERM: 'dumb' }, 'auto').live).toBe(false);
    expect(lookOf(pipe, {}, 'always').live).toBe(false);
  });

  it('is 80 columns wide where nobody knows better', () => {
    expect(lookOf(pipe, {}, 'auto').width).toBe(80);
    expect(lookOf(terminal, {}, 'auto').width).toBe(120);
  });

  it('uses plain glyphs in a locale without UTF-8', () => {
    expect(lookOf(pipe, { LANG: 'C' }, 'auto').glyphs.succeeded).toBe('+');
    expect(lookOf(pipe, { LANG: 'C', LC_ALL: 'en_GB.UTF-8' }, 'auto').glyphs.succeeded).toBe('✓');
    expect(lookOf(pipe, {}, 'auto').glyphs.succeeded).toBe('✓');
  });
});
