import { describe, expect, it } from 'vitest';
import { versionIn } from './asked-version.ts';
import { isWanted } from './version.ts';

describe('isWanted', () => {
  it.each([
    ['24.21.0', '24', true],
    ['24.21.0', '24.x', true],
    ['24.21.0', '20 || 24', true],
    ['24.21.0', '^24.2', true],
    ['24.1.0', '^24.2', false],
    ['25.0.0', '^24.2', false],
    ['3.11.7', '3.11', true],
    ['3.11.7', '3.1', false],
    ['3.11.7', '~3.11.2', true],
    ['3.12.0', '~3.11.2', false],
    ['1.19.8', '>=1.18 <1.20', true],
    ['1.20.1', '>= 1.18 < 1.20', false],
    ['17.0.15', '17', true],
    ['17.0.15', 'temurin-17', null],
    ['24.21.0', 'lts/*', null],
    ['24.21.0', 'latest', null],
    ['24.21.0', '*', true],
    ['24.21.0', 'v24.21.0', true],
  ])('says of %s, asked for %s: %s', (version, asked, verdict) => {
    expect(isWanted(version, asked)).toBe(verdict);
  });
});

describe('versionIn', () => {
  it.each([
    ['.nvmrc', '# ours\nv20.1\n', '20.1'],
    ['package.json', '{"engines": {"node": ">=20"}, "volta": {"node": "22.1.0"}}', '22.1.0'],
    ['package.json', 'no JSON', null],
    ['go.mod', 'module x\n\ngo 1.21\n\ntoolchain go1.22.3\n', '1.22.3'],
    ['a/go.mod', 'module x\ngo 1.21\n', '1.21'],
    ['global.json', '{"sdk": {"version": "8.0.100"}}', '8.0.100'],
    ['pyproject.toml', '[project]\nrequires-python = ">=3.9,<4"\n', '>=3.9 <4'],
    ['.ruby-version', 'ruby-3.2.1\n', '3.2.1'],
    ['Gemfile', "source 'x'\nruby '3.3'\n", '3.3'],
    ['.tool-versions', 'nodejs 20.0.0\n', '20.0.0'],
    ['.python-version', '\n', null],
  ])('finds in %s what it asks for', (file, text, version) => {
    expect(versionIn(file, text)).toBe(version);
  });
});
