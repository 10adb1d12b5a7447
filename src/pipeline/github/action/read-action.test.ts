import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NATIVE_ACTIONS, nativeActionOf } from './native-action.ts';
import { readAction } from './read-action.ts';

const read = (text: string) => readAction('acme/hello@v1/action.yml', new TextEncoder().encode(text));

/** `line:column message; suggestion` of each problem. */
function problemsOf(text: string): string[] {
  return read(text).diagnostics.map(
    ({ place, message, suggestion }) =>
      `${place!.start.line}:${place!.start.column} ${message}${suggestion ? `; ${suggestion}` : ''}`,
  );
}

describe('readAction', () => {
  it('reads inputs, outputs and steps of a composite action', () => {
    const found = read(`name: hello
inputs:
  who: {default: 3, required: true}
  old: {deprecationMessage: use who}
outputs: {x: {value: "\${{ steps.a.outputs.x }}"}}
runs:
  using: composite
  steps:
    - {id: a, shell: bash, run: 'true', continue-on-error: true}
    - uses: actions/cache@v4
      with: {path: x}
`);
    expect(found).toMatchObject({
      ok: true,
      value: {
        inputs: {
          who: { default: '3', required: true, deprecation: null },
          old: { default: null, required: false, deprecation: 'use who' },
        },
        outputs: { x: '${{ steps.a.outputs.x }}' },
        runs: {
          kind: 'composite',
          steps: [
            { id: 'a', shell: 'bash', allowFailure: true },
            { uses: { kind: 'repository', repository: 'actions/cache', with: { path: 'x' } } },
          ],
        },
      },
    });
  });

  it('reads the parts of a JavaScript and of a container action', () => {
    expect(read('runs: {using: Node20, main: a.js, post: b.js, post-if: failure()}')).toMatchObject({
      ok: true,
      value: {
        runs: {
          kind: 'javascript',
          node: 'node20',
          main: 'a.js',
          pre: null,
          post: { script: 'b.js', if: { source: 'failure()' } },
        },
      },
    });
    expect(read('runs: {using: docker, image: Dockerfile, args: [a, 1], env: {X: y}}')).toMatchObject({
      ok: true,
      value: {
        runs: { kind: 'docker', image: 'Dockerfile', args: ['a', '1'], variables: { X: 'y' }, post: null },
      },
    });
  });

  it('places what is wrong', () => {
    expect(problemsOf('name: x\nruns: {using: python3}')).toEqual([
      '2:15 an action cannot be run by `python3`; `using` is composite, node20, node24 or docker',
    ]);
    expect(problemsOf('runs:\n  using: composite\n  steps:\n    - run: x\n    - {shell: sh}')).toEqual([
      '4:7 a step of an action has to name its shell; add `shell: bash`',
      '5:7 a step needs either `run` or `uses`, and this one has neither',
    ]);
    expect(problemsOf('runs: {using: node20}')).toEqual([
      '1:7 the action does not name the file that it runs; add `main: dist/index.js`',
    ]);
    expect(problemsOf('- a')[0]).toContain('an action is a mapping');
    expect(problemsOf('name: x')[0]).toContain('does not say what it `runs`');
  });

  it('warns of keys that it does not know, and reads the rest', () => {
    const found = read('nmae: x\nruns: {using: node24, main: a.js, mian: b}');
    expect(found.ok).toBe(true);
    expect(found.diagnostics.map(({ severity, message }) => `${severity} ${message}`)).toEqual([
      'warning the key `nmae` is not known here and is ignored',
      'warning the key `mian` is not known here and is ignored',
    ]);
  });

  it('never throws, whatever it is given', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void read(text)));
    fc.assert(fc.property(fc.json(), (text) => void read(`{"runs": ${text}, "inputs": ${text}}`)));
  });
});

describe('nativeActionOf', () => {
  it('knows an action by its name, whatever its ref and spelling', () => {
    const uses = {
      kind: 'repository',
      repository: 'Actions/Cache',
      path: 'restore',
      ref: 'x',
      with: {},
    } as const;
    expect(nativeActionOf(uses)).toBe('actions/cache/restore');
    expect(nativeActionOf({ ...uses, path: 'other' })).toBeNull();
    expect(nativeActionOf({ kind: 'local', path: './actions/cache', with: {} })).toBeNull();
    expect(new Set(NATIVE_ACTIONS).size).toBe(NATIVE_ACTIONS.length);
  });
});
