import { describe, expect, it } from 'vitest';
import { programsIn } from './command-head.ts';

describe('programsIn', () => {
  const cases: readonly (readonly [script: string, programs: readonly string[]])[] = [
    ['npm ci', ['npm']],
    ['npm ci && npm test', ['npm']],
    ['FOO=1 BAR=2 make all', ['make']],
    ['if ! docker ps; then sudo -E apt-get install x; fi', ['docker', 'sudo', 'apt-get']],
    ['for f in gcc b; do cc -c $f | tee log; done', ['cc', 'tee']],
    ['cat <<EOF | kubectl apply -f -\nmake: me\nEOF\nhelm ls', ['cat', 'kubectl', 'helm']],
    ['f() { uv sync; }\nf', ['uv']],
    ['command -v brew || curl -fsS "x && y" # comment go', ['curl']],
    ['"$TOOL" foo; $X bar; ./gradlew x; tools/run.sh', []],
    ['/usr/local/bin/tool x', ['/usr/local/bin/tool']],
    ['env A=b timeout 5s mvn -q \\\n  verify', ['env', 'timeout', 'mvn']],
    ['case $x in a) tar x;; b) zip y;; esac', ['tar', 'zip']],
    ['case $x in a|gcc) tar x;; esac', ['tar']],
    ['echo hi; cd x; export A=1; [ -f y ] || exit 1', []],
    ['exec node server.js', ['node']],
    ["${{ matrix.tool }} build; ${{ inputs.a || 'b' }}", []],
    ['(cd x && cargo build) & wait', ['cargo']],
    ["echo 'rm -rf /; go build'", []],
    ['', []],
    ['"', []],
    ['<<EOF', []],
  ];
  it.each(cases)('finds in %j', (script, programs) => {
    expect(programsIn(script)).toEqual(programs);
  });
});
