import { describe, expect, it } from 'vitest';
import { withoutUserinfo } from './userinfo.ts';

describe('withoutUserinfo', () => {
  it.each([
    ['http://u:geheim@h/', 'http://********@h/'],
    [
      'url: "https://token@r.example.com:5000/a", git+ssh://git@h',
      'url: "https://*****@r.example.com:5000/a", git+ssh://***@h',
    ],
    ['postgres://u:p@ss@h/db', 'postgres://******@h/db'],
    ['mail a@b.example, see https://h/@team', 'mail a@b.example, see https://h/@team'],
  ])('stars what stands before the host: %s', (text, masked) => {
    expect(withoutUserinfo(text)).toBe(masked);
  });
});
