import { describe, expect, it } from 'vitest';
import { safeForTerminal } from './terminal-text.ts';

const HOSTILE: readonly (readonly [string, string, string])[] = [
  ['a window title', 'a\x1b]0;owned\x07b', 'ab'],
  ['a title ended by ST', 'a\x1b]2;owned\x1b\\b', 'ab'],
  ['an unterminated OSC', 'a\x1b]0;owned and the rest', 'a'],
  ['a hyperlink', '\x1b]8;;http://evil/\x07click\x1b]8;;\x07', 'click'],
  ['a clipboard write', '\x1b]52;c;ZXZpbA==\x07', ''],
  ['an unterminated DCS', 'a\x1bPq#0;2;0;0;0', 'a'],
  ['APC, PM and SOS', '\x1b_a\x1b\\\x1b^b\x1b\\\x1bXc\x1b\\d', 'd'],
  ['clearing the screen', 'a\x1b[2Jb', 'ab'],
  ['moving the cursor', 'a\x1b[10;5Hb\x1b[1A', 'ab'],
  ['private modes', '\x1b[?1049hx\x1b[?25l', 'x'],
  ['a report request', 'a\x1b[6nb\x1b[c', 'ab'],
  ['a reset of the terminal', 'a\x1bcb', 'ab'],
  ['a character set', 'a\x1b(0b', 'ab'],
  ['one-byte CSI and OSC', 'a\x9b2Jb\x9d0;t\x9cc', 'abc'],
  ['bell and backspaces', 'safe\x07\b\b\b\bevil', 'safeevil'],
  ['NUL and DEL', 'a\0b\x7fc', 'abc'],
  ['bidirectional and invisible characters', 'a\u202eb\u200bc\ufeff', 'abc'],
  ['a lone ESC at the end', 'a\x1b', 'a'],
  ['a style cut off at the end', 'a\x1b[31', 'a'],
  ['a line feed inside', 'a\nb', 'ab'],
];

describe('safeForTerminal', () => {
  for (const [name, text, expected] of HOSTILE) {
    it(`drops ${name}`, () => expect(safeForTerminal(text)).toBe(expected));
  }

  it('keeps plain text, tabs and other scripts', () => {
    expect(safeForTerminal('a\tb ä 漢 🎉')).toBe('a\tb ä 漢 🎉');
  });

  it('keeps colours and resets them at the end of the line', () => {
    expect(safeForTerminal('\x1b[31mred')).toBe('\x1b[31mred\x1b[0m');
    expect(safeForTerminal('\x1b[1;31mred\x1b[0m ok')).toBe('\x1b[1;31mred\x1b[0m ok');
    expect(safeForTerminal('\x1b[32mgreen\x1b[m')).toBe('\x1b[32mgreen\x1b[m');
    expect(safeForTerminal('\x1b[38;5;0mblack')).toBe('\x1b[38;5;0mblack\x1b[0m');
  });

  it('shows the last state of a line that redraws itself', () => {
    expect(safeForTerminal('10%\r50%\r100%')).toBe('100%');
    expect(safeForTerminal('10%\r50%\r')).toBe('50%');
  });

  it('replaces half a surrogate', () => expect(safeForTerminal('a\ud800b')).toBe('a\ufffdb'));

  it('lets nothing but colours through, whatever comes', () => {
    let seed = 12345;
    const next = (): number => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return seed;
    };
    const alphabet = [
      '\x1b',
      '[',
      ']',
      'P',
      '0',
      ';',
      'm',
      'J',
      '\x07',
      '\\',
      '\x9b',
      '\x9d',
      'a',
      '\r',
      '(',
      '?',
    ];
    for (let round = 0; round < 20_000; round++) {
      const text = Array.from({ length: 12 }, () => alphabet[(next() >> 8) % alphabet.length]).join('');
      const left = safeForTerminal(text).replace(/\x1b\[[0-9;:]*m/g, '');
      expect(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/.test(left), JSON.stringify(text)).toBe(false);
    }
  });
});
