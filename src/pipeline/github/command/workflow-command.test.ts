import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommandReader, type WorkflowCommand } from './workflow-command.ts';

const read = (...lines: string[]) => {
  const reader = new CommandReader();
  return lines.map((line) => {
    const found = reader.read(line);
    return found.kind === 'command' ? found.command : found.kind;
  });
};
const NOWHERE = { title: null, place: null };

describe('a workflow command', () => {
  it.each<[string, WorkflowCommand]>([
    ['::group::Build it', { kind: 'group', title: 'Build it' }],
    ['::endgroup::', { kind: 'end-group' }],
    ['##[group]Old form', { kind: 'group', title: 'Old form' }],
    ['  ::warning::indented', { kind: 'warning', message: 'indented', ...NOWHERE }],
    ['::Error::Case', { kind: 'error', message: 'Case', ...NOWHERE }],
    ['::notice title=A title::text', { kind: 'notice', message: 'text', title: 'A title', place: null }],
    [
      '::error file=src/a.ts,line=3,col=5,endLine=4,endColumn=6,title=It%3A broke%2C here::one%0Atwo%25',
      {
        kind: 'error',
        message: 'one\ntwo%',
        title: 'It: broke, here',
        place: { file: 'src/a.ts', line: 3, endLine: 4, column: 5, endColumn: 6 },
      },
    ],
    [
      '::error file=a,line=x,col=-1::m',
      {
        kind: 'error',
        message: 'm',
        title: null,
        place: { file: 'a', line: null, endLine: null, column: null, endColumn: null },
      },
    ],
    ['::debug::a::b', { kind: 'debug', message: 'a::b' }],
    ['::add-mask::s3cret%0Avalue', { kind: 'add-mask', value: 's3cret\nvalue' }],
    ['::echo::off', { kind: 'echo', on: false }],
    ['::set-output name=a::b', { kind: 'disabled', name: 'set-output' }],
    ['::set-env name=PATH::/evil', { kind: 'disabled', name: 'set-env' }],
    ['::%250A::', { kind: 'unknown', name: '%250A' }],
  ])('is read from %s', (line, command) => {
    expect(read(line)).toEqual([command]);
  });

  it.each(['text', ':: ', '::error', 'a ::error::b', '##[error', '::::', ':::', ''])(
    'is not found in "%s"',
    (line) => {
      expect(read(line)).toEqual(['text']);
    },
  );

  it('means nothing between stop-commands and its token', () => {
    expect(
      read(
        '::stop-commands::t0k',
        '::add-mask::x',
        '::stop-commands::other',
        '::t0k x=1::',
        '::t0k::',
        '::endgroup::',
      ),
    ).toEqual(['stopped', 'text', 'text', 'text', 'resumed', { kind: 'end-group' }]);
  });

  it('is not stopped by a token that is empty or a command itself', () => {
    expect(read('::stop-commands::', '::stop-commands::error', '::endgroup::')).toEqual([
      'text',
      'text',
      { kind: 'end-group' },
    ]);
  });

  it('keeps every message that was encoded for it', () => {
    const encode = (text: string) =>
      text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
    fc.assert(
      fc.property(fc.string(), (message) => {
        expect(read(`::notice::${encode(message)}`)).toEqual([{ kind: 'notice', message, ...NOWHERE }]);
      }),
    );
  });

  it('reads whatever a step prints, without failing', () => {
    const piece = fc.constantFrom(
      '::',
      '##[',
      ']',
      'error',
      'stop-commands',
      ' ',
      'file=',
      ',',
      '=',
      '%0A',
      'x',
    );
    fc.assert(
      fc.property(fc.array(fc.array(piece, { maxLength: 8 }), { maxLength: 5 }), (lines) => {
        expect(read(...lines.map((parts) => parts.join('')))).toHaveLength(lines.length);
      }),
    );
    expect(read(`::error::${'a'.repeat(2 ** 21)}`)).toEqual(['text']);
  });
});
