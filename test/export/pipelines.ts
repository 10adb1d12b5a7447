/** A pipeline that is run here and, exported, by another system. */
export interface Pipeline {
  readonly title: string;
  readonly text: string;
  /** `sluice.yaml` when it is not said. */
  readonly file?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** What the export tells as lost. */
  readonly lost?: readonly string[];
  /** What the export for GitHub tells as lost; undefined: it says so little of it there that it does something else. */
  readonly lostOnGithub?: readonly string[];
  /** Jobs that warn here and there pass: steps of theirs may fail. */
  readonly passing?: readonly string[];
}

export const PIPELINES: readonly Pipeline[] = [
  {
    title: 'order and outputs',
    text: `
stages:
  - name: build
    jobs:
      - name: version
        outputs: {number: "\${{ steps.find.outputs.number }}", title: "v\${{ steps.find.outputs.number }}"}
        steps:
          - {id: find, run: 'echo "number=1.4.2" >> "$SLUICE_OUTPUT"'}
          - run: |
              printf 'TEXT<<END\\none\\n\\ntwo = 2\\nEND\\n' >> "$SLUICE_ENV"
          - run: printf '%s' "$TEXT" | tr '\\n' '|'; echo
          - run: mkdir -p bin && printf '#!/bin/sh\\necho own tool\\n' > bin/own && chmod +x bin/own && echo "$PWD/bin" >> "$SLUICE_PATH"
          - own
  - name: use
    depends_on: [build]
    jobs:
      - name: show
        env: {FOUND: "\${{ needs.version.outputs.number }}"}
        commands:
          - echo "\${{ needs.version.outputs.number }} $FOUND"
          - echo 'quoted \${{ needs.version.outputs.title }}'
`,
    lost: ['job.outputs'],
    lostOnGithub: ['stage.name', 'stage.name'],
  },
  {
    title: 'artifacts pass between jobs',
    text: `
jobs:
  build:
    commands: ["mkdir -p dist/deep && echo hello > dist/deep/a.txt && echo no > dist/a.map"]
    artifacts: [{name: site, paths: [dist/deep]}]
  here:
    needs: build
    downloads: [site]
    commands: ["find . -path ./.git -prune -o -name 'a.*' -print"]
  elsewhere:
    needs: build
    downloads: [{artifact: site, path: public}]
    commands: [cat public/dist/deep/a.txt]
  nothing:
    needs: build
    commands: ["test ! -e dist && echo none"]
`,
    lostOnGithub: [],
  },
  {
    title: 'a matrix and variables',
    text: `
variables: {LEVEL: info, BOTH: "\${{ vars.LEVEL }}-\${{ git.branch }}", MONEY: "5 $ and $LEVEL"}
jobs:
  test:
    matrix: {node: [22, 24], os: [linux, mac], exclude: [{node: 22, os: mac}], fail_fast: false}
    env: {OWN: "\${{ matrix.os }}!"}
    steps:
      - echo "\${{ matrix.node }} on \${{ matrix.os }}, $OWN, $LEVEL, $BOTH, $MONEY"
      - {run: 'echo "$LEVEL $MORE"', env: {LEVEL: debug, MORE: "a \${{ matrix.node }} b"}}
`,
    lostOnGithub: [],
  },
  {
    title: 'fresh shells and folders',
    files: { 'web/file.txt': 'in web\n' },
    text: `
jobs:
  shells:
    steps:
      - cd web; NAME=x; set +e
      - 'pwd | grep -q web && echo leaked || echo "fresh \${NAME-unset}"'
      - {run: cat file.txt, working_directory: web}
      - {run: "print('python', 1 + 1)", shell: python}
      - {run: 'false | true && echo "no pipefail"', shell: sh}
      - {run: 'echo "$BASH_VERSION" | cut -c1-1', shell: bash}
      - {run: "print qq(perl\\n);", shell: "perl {0}"}
      - |
        cat <<'END'
        here $HOME
        END
`,
    lostOnGithub: [],
  },
  {
    title: 'conditions of jobs',
    text: `
jobs:
  main: {if: "git.branch == 'main'", commands: [echo main]}
  other: {if: "git.branch != 'main' || startsWith(git.ref, 'refs/tags/')", commands: [echo other]}
  behind: {needs: other, commands: [echo behind]}
  prefix: {if: "startsWith(github.ref, 'refs/heads/ma') && !contains(git.branch, 'x/y')", commands: [echo prefix]}
  push: {if: "event.name == 'push'", commands: [echo push]}
  fails: {allow_failure: true, commands: ["exit 3"]}
  after: {needs: fails, if: always(), commands: [echo after]}
`,
    lostOnGithub: [],
  },
  {
    title: 'conditions of steps',
    text: `
jobs:
  steps:
    steps:
      - {id: first, run: exit 1, allow_failure: true}
      - {run: echo "first failed", if: "steps.first.outcome == 'failure'"}
      - {run: echo "never", if: failure()}
      - {run: echo "branch", if: "git.branch == 'main' && success()"}
  failed:
    allow_failure: true
    steps:
      - echo before
      - exit 4
      - echo not
      - {run: echo told, if: failure()}
      - {run: echo always, if: "always() && git.branch == 'main'"}
      - {run: echo other, if: "always() && git.branch == 'other'"}
  stopped:
    allow_failure: true
    steps: [echo one, exit 1, echo two]
`,
    lost: ['step.allowFailure'],
    passing: ['steps'],
    lostOnGithub: [],
  },
  {
    title: 'retry and clean-up',
    text: `
jobs:
  retry:
    steps:
      - {run: 'echo try; test -e mark || { touch mark; exit 1; }', retry: 2}
      - {run: sleep 60, timeout: 300ms, allow_failure: true}
  cleanup:
    allow_failure: true
    steps: [echo work, exit 1]
    cleanup: {always: [echo tidy], on_failure: [echo failed]}
  fine:
    steps: [echo work]
    cleanup: {always: [echo tidy, echo more], on_failure: [echo failed]}
`,
    lost: ['job.cleanup', 'step.allowFailure'],
    passing: ['retry'],
  },
  {
    title: 'a workflow',
    file: '.github/workflows/ci.yml',
    text: `
on: {push: {branches: [main]}}
env: {LEVEL: info}
jobs:
  one:
    runs-on: ubuntu-latest
    outputs: {sum: "\${{ steps.sum.outputs.sum }}"}
    strategy: {fail-fast: false, matrix: {k: [a, b]}}
    steps:
      - run: echo "$LEVEL \${{ matrix.k }} \${{ github.ref_name }}"
      - {id: sum, run: 'echo "sum=$((1 + 2))" >> $GITHUB_OUTPUT'}
      - run: echo "$GITHUB_REF_NAME"
  two:
    needs: one
    runs-on: ubuntu-latest
    if: github.ref == 'refs/heads/main'
    defaults: {run: {shell: bash}}
    steps: [{run: 'echo "\${{ needs.one.outputs.sum }}"'}]
  three:
    needs: two
    runs-on: ubuntu-latest
    if: github.ref == 'refs/heads/other'
    steps: [{run: echo no}]
`,
    lost: ['job.workflow', 'job.outputs'],
  },
];
