import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRedaction, type Redaction } from '../mask/redaction.ts';
import { CommandStream } from './command-stream.ts';
import { allNotes, Notes } from './notes.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-command-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Told {
  readonly text: string;
  readonly stream: CommandStream;
  readonly redaction: Redaction;
}

/** What becomes of output that arrives in these pieces. */
function told(
  pieces: readonly (string | Uint8Array)[],
  more: { isDebug?: boolean; known?: boolean } = {},
): Told {
  const redaction = createRedaction([]);
  const notes = new Notes(folder, 'build.1', more.known ?? false);
  const stream = new CommandStream({ redaction, notes, isDebug: more.isDebug ?? false, directory: '/work' });
  const masker = redaction.masker();
  const given: Buffer[] = [];
  const out = (bytes: Uint8Array) => void given.push(Buffer.from(bytes));
  for (const piece of pieces) stream.write(Buffer.from(piece), (bytes) => masker.write(bytes, out));
  stream.end((bytes) => masker.write(bytes, out));
  masker.flush(out);
  return { text: Buffer.concat(given).toString(), stream, redaction };
}

describe('the output of a step of a workflow', () => {
  it('shows commands as GitHub does, and all else as it is', () => {
    const { text } = told([
      'std::string a;\n::group::Build\n  x :: y\n::error::broken%0Ahere\n::endgroup::\n::debug::hidden\n##[notice]old\r\nend',
    ]);
    expect(text).toBe(
      'std::string a;\n##[group]Build\n  x :: y\n##[error]broken\nhere\n##[endgroup]\n##[notice]old\nend',
    );
  });

  it('shows lines of debugging where they are asked for', () => {
    expect(told(['::debug::why\n'], { isDebug: true }).text).toBe('##[debug]why\n');
  });

  it('tells of problems with their places, relative to the workspace', () => {
    const { stream } = told(['::warning file=/work/src/a.ts,line=3,title=T::look\n::error::x\n']);
    expect(stream.annotations).toEqual([
      {
        level: 'warning',
        message: 'look',
        title: 'T',
        place: { file: 'src/a.ts', line: 3, endLine: null, column: null, endColumn: null },
      },
      { level: 'error', message: 'x', title: null, place: null },
    ]);
  });

  it('keeps ten annotations of a level and says that there were more', () => {
    const { stream, text } = told(['::notice::n\n'.repeat(12)]);
    expect(stream.annotations).toHaveLength(10);
    expect(stream.warnings).toEqual(['it told of more than 10 notices; the others are in its log alone']);
    expect(text).toBe('##[notice]n\n'.repeat(12));
  });

  it('masks a value from its command on, in the same chunk and in annotations', () => {
    const { text, stream, redaction } = told(['tiger\n::add-mask::tiger\ntiger\n::error::a tiger\n']);
    expect(text).toBe('tiger\n***\n##[error]a ***\n');
    expect(stream.annotations[0]!.message).toBe('a ***');
    expect(redaction.reveals('tiger')).toBe(true);
  });

  it('says when a value cannot be masked', () => {
    const { stream, text } = told(['::add-mask::ab\n::add-mask::\nab\n']);
    expect(text).toBe('ab\n');
    expect(stream.warnings.join()).toContain('fewer than three bytes');
  });

  it('fails the step for a command that would set something', () => {
    const { stream, text } = told(['::set-output name=a::b\n::set-env name=X::y\n::save-state name=a::b\n']);
    expect(stream.refused).toHaveLength(3);
    expect(stream.refused[0]).toBe(
      'The `set-output` command is disabled. Please upgrade to using Environment Files: write to "$GITHUB_OUTPUT".',
    );
    expect(text).toContain('##[error]The `set-env` command is disabled.');
  });

  it('gives on what is no command between stop-commands and its token', () => {
    const { text, stream } = told(['::stop-commands::t0k\n::error::not\n::t0k::\n::error::yes\n']);
    expect(text).toBe('::stop-commands::t0k\n::error::not\n::t0k::\n##[error]yes\n');
    expect(stream.annotations).toHaveLength(1);
  });

  it('takes a last line without an end for a command', () => {
    expect(told(['a\n::error::x']).text).toBe('a\n##[error]x\n');
    expect(told(['a\n::error']).text).toBe('a\n::error');
  });

  it('is the same however it is cut into chunks', () => {
    const piece = fc.constantFrom(
      ...[
        '::',
        '##[',
        ']',
        'error',
        'add-mask::tiger',
        'tiger',
        'group::',
        ' ',
        '\t',
        '\n',
        '\n::',
        '\r\n',
        'x',
        ':',
      ],
      ...['::stop-commands::t\n', '::t::\n', '::debug::d\n', '::error::tiger\n'],
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        fc.array(fc.nat({ max: 300 }), { maxLength: 12 }),
        (pieces, cuts) => {
          const text = pieces.join('');
          const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)), text.length].sort((a, b) => a - b);
          const chunks = at.slice(1).map((end, index) => text.slice(at[index], end));
          const whole = told([text]);
          const cut = told(chunks);
          expect(cut.text).toBe(whole.text);
          expect(cut.stream.annotations).toEqual(whole.stream.annotations);
          expect(cut.stream.refused).toEqual(whole.stream.refused);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('lets bytes through that are no text', () => {
    const bytes = Buffer.from([0xff, 0x0a, 0x3a, 0x3a, 0xfe, 0x0a, 0x00]);
    const { stream } = told([]);
    const given: Buffer[] = [];
    stream.write(bytes, (piece) => void given.push(Buffer.from(piece)));
    stream.end((piece) => void given.push(Buffer.from(piece)));
    expect(Buffer.concat(given)).toEqual(bytes);
  });

  it('judges hostile output in time', () => {
    const startedMs = performance.now();
    told(['::'.repeat(2 ** 20)]);
    told(['::group::x\n'.repeat(2 ** 16)]);
    told(Array.from({ length: 2 ** 14 }, () => ':'));
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });
});

describe('the notes of a step', () => {
  it('tell a later owner what is masked, whether commands are stopped and what was annotated', () => {
    told(['::add-mask::tiger\n::error::e\n::stop-commands::t0k\n']);
    const later = told(['::error::not\n::t0k::\n::error::yes\n'], { known: true });
    expect(later.text).toBe('::error::not\n::t0k::\n##[error]yes\n');
    expect(later.stream.annotations.map(({ message }) => message)).toEqual(['e', 'yes']);
    const notes = allNotes(folder).get('build.1')!;
    expect(notes).toContainEqual({ kind: 'mask', value: 'tiger' });
  });

  it('are read as far as a step left them whole', () => {
    writeFileSync(
      join(folder, 'notes-build.1'),
      '{"kind":"mask","value":"tiger"}\nnull\n{"kind":"annotation","annotation":{}}\n{"kind":"left","left":1}\n{"kind":"ma',
    );
    expect(allNotes(folder).get('build.1')).toEqual([{ kind: 'mask', value: 'tiger' }]);
  });
});
