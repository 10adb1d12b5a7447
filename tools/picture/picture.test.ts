import { describe, expect, it } from 'vitest';
import { type Cell, screenOf } from './screen.ts';
import { applySgr, PLAIN } from './style.ts';
import { svgOf } from './svg.ts';

function text(rows: readonly (readonly Cell[])[]): string[] {
  return rows.map((cells) => cells.map((cell) => cell.character).join(''));
}

describe('screen', () => {
  it('shows lines as they were printed', () => {
    expect(text(screenOf('one\r\ntwo\r\n', 80))).toEqual(['one', 'two']);
  });

  it('wraps at its last column', () => {
    expect(text(screenOf('abcdef', 4))).toEqual(['abcd', 'ef']);
  });

  it('shows only the last state of lines that were drawn again', () => {
    const redraw = '\x1b[2K\x1b[1A\x1b[2K\x1b[G';
    expect(text(screenOf(`top\r\nrunning 1\r\n${redraw}running 2\r\n${redraw}done\r\n`, 80))).toEqual([
      'top',
      'done',
    ]);
  });

  it('erases to the end of line and of screen', () => {
    expect(text(screenOf('abcdef\r\x1b[3C\x1b[K', 80))).toEqual(['abc']);
    expect(text(screenOf('a\r\nb\r\nc\x1b[2A\r\x1b[J', 80))).toEqual([]);
  });

  it('keeps colours and lets other sequences do nothing', () => {
    const [row] = screenOf('\x1b[?25l\x1b]0;title\x07\x1b[32mok\x1b[0m no\x1b[?25h', 80);
    expect(row?.map((cell) => cell.character).join('')).toBe('ok no');
    expect(row?.[0]?.style.foreground).toBe('#3fb950');
    expect(row?.[3]?.style).toEqual(PLAIN);
  });
});

describe('SGR', () => {
  it('knows named, indexed and direct colours', () => {
    expect(applySgr(PLAIN, [91]).foreground).toBe('#ffa198');
    expect(applySgr(PLAIN, [38, 5, 196]).foreground).toBe('rgb(255,0,0)');
    expect(applySgr(PLAIN, [48, 2, 1, 2, 3]).background).toBe('rgb(1,2,3)');
    expect(applySgr(PLAIN, [38, 5, 244, 1])).toMatchObject({ foreground: 'rgb(128,128,128)', bold: true });
  });

  it('takes back what it set', () => {
    expect(applySgr(applySgr(PLAIN, [1, 2, 3, 4, 7, 31, 42]), [22, 23, 24, 27, 39, 49])).toEqual(PLAIN);
  });
});

describe('picture', () => {
  it('puts each stretch of one style at its column, escaped', () => {
    const svg = svgOf(screenOf('ab  \x1b[1;31m<c>\x1b[0m', 80), 80, 'a & b');
    expect(svg).toContain('<title>a &amp; b</title>');
    expect(svg).toContain('>ab</text>');
    expect(svg).toContain('<text x="49.6" y="58.25" textLength="25.2"');
    expect(svg).toContain('fill="#ff7b72" font-weight="bold">&lt;c&gt;</text>');
  });

  it('is as high as its lines', () => {
    expect(svgOf(screenOf('a\nb', 80), 80, 't')).toContain('height="98"');
  });
});
