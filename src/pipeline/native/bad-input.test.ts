import { describe, expect, it } from 'vitest';
import { type FileTable, load, problemsOf } from './load.fixture.ts';

/** A wrong pipeline file, and all that is said about it: place, code, message, way out, related places. */
interface Case {
  readonly title: string;
  readonly text: string;
  readonly files?: FileTable;
  readonly says: readonly string[];
}

const CASES: readonly Case[] = [
  {
    title: '1 an empty file',
    text: '',
    says: [
      'error 1:1 empty-file: the file is empty: expected a pipeline with `stages` or `jobs` -> write at least one job, such as `jobs: {test: {commands: ["npm test"]}}`, or run `sluice init`',
    ],
  },
  {
    title: '1 only comments',
    text: '# a\n# b\n',
    says: [
      'error 1:1 empty-file: the file is empty: expected a pipeline with `stages` or `jobs` -> write at least one job, such as `jobs: {test: {commands: ["npm test"]}}`, or run `sluice init`',
    ],
  },
  {
    title: '1 several documents',
    text: 'jobs: {t: {run: x}}\n---\njobs: {t: {run: x}}\n',
    says: [
      'error 2:1 several-documents: expected one document, but the file has 2 -> keep one pipeline in a file and remove the further `---` lines',
    ],
  },
  {
    title: '2 a NUL byte',
    text: 'name: a\u0000b\njobs: {t: {run: x}}\n',
    says: ['error 1:8 not-utf8: the file has a NUL character here -> save the file as UTF-8 text'],
  },
  {
    title: '3 tabs as indentation',
    text: 'jobs:\n\tt:\n\t\trun: x\n',
    says: [
      'error 2:1 yaml-syntax: a tab cannot indent in YAML -> use spaces',
      'error 3:1 yaml-syntax: a tab cannot indent in YAML -> use spaces',
    ],
  },
  {
    title: '4 a key twice',
    text: 'jobs: {t: {run: x}}\nname: a\nname: b\n',
    says: [
      'error 3:1 duplicate-key: the key `name` stands twice: in line 2 and in line 3 -> keep one of them (2:1 it stands here first)',
    ],
  },
  {
    title: '4 a key under two spellings',
    text: 'jobs:\n  t:\n    run: x\n    env: {A: 1}\n    environment: {B: 1}\n',
    says: [
      'error 5:5 duplicate-key: `env` and `environment` are the same key: in line 4 and in line 5 -> keep one of them (4:5 it stands here first)',
    ],
  },
  {
    title: '6 nesting of 33 levels',
    text: 'a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n',
    says: ['error 1:36 too-deep: nesting > 32: values stand in each other more than 32 levels deep'],
  },
  {
    title: '7 a custom tag',
    text: 'name: !!js/function "x"\njobs: {t: {run: x}}\n',
    says: [
      'error 1:7 custom-tag: the tag `!!js/function` is not allowed: a pipeline is plain data -> remove the tag',
    ],
  },
  {
    title: '7 an anchor that does not exist',
    text: 'name: *nobody\njobs: {t: {run: x}}\n',
    says: ['error 1:7 unknown-alias: there is no anchor `&nobody` before this alias'],
  },
  {
    title: '7 an alias inside its anchor',
    text: 'variables: &v {A: [*v]}\njobs: {t: {run: x}}\n',
    says: [
      'error 1:19 bad-value: `A` is a list, but must be text, a number, `true` or `false`',
      'error 1:20 alias-cycle: the alias `*v` stands inside its own anchor',
    ],
  },
  {
    title: '8 keys of prototypes',
    text: '__proto__: {a: 1}\nconstructor: x\njobs: {__proto__: {run: x}, t: {run: x, env: {__proto__: a}}}\n',
    says: [
      'error 1:1 unknown-key: the pipeline has no key `__proto__` -> it knows `name`, `trigger`, `inputs`, `secrets`, `defaults`, `concurrency`, `timeout`, `snapshots`, `waivers`, `protected_paths`, `variables`, `templates`, `include`, `stages`, `jobs`, `environments`, `services`',
      'error 2:1 unknown-key: the pipeline has no key `constructor` -> it knows `name`, `trigger`, `inputs`, `secrets`, `defaults`, `concurrency`, `timeout`, `snapshots`, `waivers`, `protected_paths`, `variables`, `templates`, `include`, `stages`, `jobs`, `environments`, `services`',
      'error 3:8 bad-name: `__proto__` is reserved',
      'error 3:47 bad-name: `__proto__` is reserved',
    ],
  },
  {
    title: '9 an unknown key',
    text: 'jobs: {t: {step: [x]}}\n',
    says: ['error 1:12 unknown-key: `t` has no key `step` -> did you mean `steps`?'],
  },
  {
    title: '9 an unknown key without a near one',
    text: 'colour: red\njobs: {t: {run: x}}\n',
    says: [
      'error 1:1 unknown-key: the pipeline has no key `colour` -> it knows `name`, `trigger`, `inputs`, `secrets`, `defaults`, `concurrency`, `timeout`, `snapshots`, `waivers`, `protected_paths`, `variables`, `templates`, `include`, `stages`, `jobs`, `environments`, `services`',
    ],
  },
  {
    title: '10 a circle of jobs',
    text: 'jobs:\n  a: {run: x, needs: b}\n  b: {run: x, needs: [c]}\n  c: {run: x, needs: a}\n',
    says: [
      'error 2:22 need-cycle: the jobs wait for each other in a circle: a -> b -> c -> a -> remove one of these dependencies (3:23 `b` is here) (4:22 `c` is here)',
    ],
  },
  {
    title: '10 a job that needs itself',
    text: 'jobs: {c: {run: x, needs: c}}\n',
    says: ['error 1:27 need-cycle: the job `c` needs itself -> remove the name'],
  },
  {
    title: '10 a need that does not exist',
    text: 'jobs: {d: {run: x, needs: buidl}, build: {run: x}}\n',
    says: ['error 1:27 unknown-job: there is no job `buidl` -> did you mean `build`?'],
  },
  {
    title: '10 a need that is a stage',
    text: 'stages: [{name: a, jobs: {x: {run: x}}}, {name: b, jobs: {y: {run: x, needs: a}}}]\n',
    says: [
      'error 1:78 unknown-job: there is no job `a` -> `a` is a stage; write `depends_on: [a]` at the stage of this job',
    ],
  },
  {
    title: '10 a circle of stages',
    text: 'stages:\n  - {name: a, depends_on: b, jobs: {x: {run: x}}}\n  - {name: b, depends_on: a, jobs: {y: {run: x}}}\n',
    says: [
      'error 2:12 need-cycle: the stages wait for each other in a circle: a -> b -> a -> remove one of these dependencies (3:12 `b` is here)',
    ],
  },
  {
    title: '10 a stage that does not exist',
    text: 'stages: [{name: c, depends_on: [c, bild], jobs: {z: {run: x}}}, {name: build, jobs: {y: {run: x}}}]\n',
    says: [
      'error 1:33 need-cycle: the stage `c` depends on itself -> remove the name',
      'error 1:36 unknown-stage: there is no stage `bild` -> did you mean `build`?',
    ],
  },
  {
    title: '10 a circle through a stage',
    text: 'stages:\n  - {name: a, jobs: {x: {run: x, needs: y}}}\n  - {name: b, depends_on: a, jobs: {y: {run: x}}}\n',
    says: [
      'error 2:41 need-cycle: the jobs wait for each other in a circle: x -> y -> stage a -> x -> remove one of these dependencies (3:37 `y` is here) (2:12 `stage a` is here)',
    ],
  },
  {
    title: '10 templates in a circle',
    text: 'templates:\n  a: {extends: b}\n  b: {extends: a}\njobs: {t: {extends: a, run: x}}\n',
    says: ['error 3:16 template-cycle: templates extend each other in a circle: a -> b -> a'],
  },
  {
    title: '10 a template that does not exist',
    text: 'templates: {node: {run: x}}\njobs: {t: {extends: nod}, u: {extends: node}}\n',
    says: ['error 2:21 unknown-template: there is no template `nod` -> did you mean `node`?'],
  },
  {
    title: '11 numbers that would change',
    text: 'variables:\n  version: 1.10\n  zip: 012\n  big: 12345678901234567890\n  yes: True\n  none: ~\njobs: {t: {run: x, matrix: {python: [3.10, "3.9"]}}}\n',
    says: [
      'error 2:12 misread-value: `version`: `1.10` is read as the number 1.1 -> quote it: "1.10"',
      'error 3:8 misread-value: `zip`: `012` is read as the number 12 -> quote it: "012"',
      'error 4:8 misread-value: `big`: `12345678901234567890` is read as the number 12345678901234567000 -> quote it: "12345678901234567890"',
      'error 5:8 misread-value: `yes`: `True` is read as the truth value true -> quote it: "True"',
      'error 6:9 bad-value: `none` is empty, but must be text, a number, `true` or `false` -> write "" when it should be empty text',
      'error 7:38 misread-value: `3.10` is read as the number 3.1 -> quote it: "3.10"',
    ],
  },
  {
    title: '12 timeout -1',
    text: 'jobs: {t: {run: x, timeout: -1}}\n',
    says: [
      'error 1:29 bad-value: `timeout` is `-1`, but must be a duration from 1ms to 30d, such as `90s`, `15m` or `1h30m` (a plain number is seconds)',
    ],
  },
  {
    title: '12 timeout 0',
    text: 'jobs: {t: {run: x, timeout: 0}}\n',
    says: [
      'error 1:29 bad-value: `timeout` is `0`, but must be a duration from 1ms to 30d, such as `90s`, `15m` or `1h30m` (a plain number is seconds)',
    ],
  },
  {
    title: '12 timeout 1e309',
    text: 'jobs: {t: {run: x, timeout: 1e309}}\n',
    says: [
      'error 1:29 bad-value: `timeout` is `1e309`, but must be a duration from 1ms to 30d, such as `90s`, `15m` or `1h30m` (a plain number is seconds)',
    ],
  },
  {
    title: '12 timeout 5 parsecs',
    text: 'jobs: {t: {run: x, timeout: 5 parsecs}}\n',
    says: [
      'error 1:29 bad-value: `timeout` is `5 parsecs`, but must be a duration from 1ms to 30d, such as `90s`, `15m` or `1h30m` (a plain number is seconds)',
    ],
  },
  {
    title: '12 timeout 40d',
    text: 'jobs: {t: {run: x, timeout: 40d}}\n',
    says: [
      'error 1:29 bad-value: `timeout` is `40d`, but must be a duration from 1ms to 30d, such as `90s`, `15m` or `1h30m` (a plain number is seconds)',
    ],
  },
  {
    title: '12 timeout 010',
    text: 'jobs: {t: {run: x, timeout: 010}}\n',
    says: ['error 1:29 misread-value: `timeout`: `010` is read as the number 10 -> write 10'],
  },
  {
    title: '13 a matrix of a million',
    text: 'jobs: {t: {run: x, matrix: {a: [0,1,2,3,4,5,6,7,8,9], b: [0,1,2,3,4,5,6,7,8,9], c: [0,1,2,3,4,5,6,7,8,9], d: [0,1,2,3,4,5,6,7,8,9], e: [0,1,2,3,4,5,6,7,8,9], f: [0,1,2,3,4,5,6,7,8,9]}}}\n',
    says: [
      'error 1:28 bad-matrix: the matrix has 10 x 10 x 10 x 10 x 10 x 10 = 1000000 combinations; the most is 256',
    ],
  },
  {
    title: '14 an empty name',
    text: 'jobs: [{name: "", run: x}]\n',
    says: ['error 1:15 bad-value: `name` is empty'],
  },
  {
    title: '14 a name of 300 letters',
    text: 'jobs: [{name: nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn, run: x}]\n',
    says: ['error 1:15 bad-value: `name` has 300 characters, more than 100'],
  },
  {
    title: '14 a name ../x',
    text: 'jobs: [{name: ../x, run: x}]\n',
    says: [
      'error 1:15 bad-name: the job name `../x` has a path character; names become folders -> choose another name, or give the job an `id` beside it',
    ],
  },
  {
    title: '14 a name a/b',
    text: 'jobs: [{name: a/b, run: x}]\n',
    says: [
      'error 1:15 bad-name: the job name `a/b` has a path character; names become folders -> choose another name, or give the job an `id` beside it',
    ],
  },
  {
    title: '14 an emoji as a name',
    text: 'jobs: [{name: 🚀, run: x}]\n',
    says: [
      'error 1:15 bad-name: the job name `🚀` must begin with a letter, a digit or `_` -> choose another name, or give the job an `id` beside it',
    ],
  },
  {
    title: '14 a name with U+202E',
    text: 'jobs: [{name: "a\\u202Eb", run: x}]\n',
    says: ['error 1:15 bad-value: `name` has an invisible or control character'],
  },
  {
    title: '14 a name CON',
    text: 'jobs: [{name: CON, run: x}]\n',
    says: [
      'error 1:15 bad-name: the job name `CON` is a device name on Windows -> choose another name, or give the job an `id` beside it',
    ],
  },
  {
    title: '14 a key as a name',
    text: 'jobs: {"a/b": {run: x}, CON: {run: x}}\n',
    says: [
      'error 1:8 bad-name: `a/b` has a path character; names become folders',
      'error 1:25 bad-name: `CON` is a device name on Windows',
    ],
  },
  {
    title: '15 names that differ by case',
    text: 'jobs:\n  Test: {run: x}\n  test: {run: x}\n',
    says: [
      'error 3:3 duplicate-id: two jobs are called `test`, which differ only in case or spelling (`Test`): in line 2 and in line 3 -> give one of them another name (2:3 the first one is here)',
    ],
  },
  {
    title: '15 names that differ by composition',
    text: 'jobs:\n  "caf\\u00e9": {run: x}\n  "cafe\\u0301": {run: x}\n',
    says: [
      'error 3:3 duplicate-id: two jobs are called `café`: in line 2 and in line 3 -> give one of them another name (2:3 the first one is here)',
    ],
  },
  {
    title: '16 a regular expression as a glob',
    text: 'trigger: {branches: ["(a+)+$"]}\njobs: {t: {run: x}}\n',
    says: [
      'error 1:22 bad-value: entry 1 of `branches` is a regular expression; patterns here are globs with `*`, `**`, `?`, `[abc]` and `{a,b}`',
    ],
  },
  {
    title: '16 a glob with many wildcards',
    text: 'trigger: {paths: ["*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a"]}\njobs: {t: {run: x}}\n',
    says: ['error 1:19 bad-value: entry 1 of `paths` has more than 8 wildcards'],
  },
  {
    title: '18 NUL in run',
    text: 'jobs: {t: {run: "a\\0b"}}\n',
    says: ['error 1:17 bad-value: `run` has a NUL character, which no shell can read'],
  },
  {
    title: '18 CR in run',
    text: 'jobs: {t: {run: "a\\rb"}}\n',
    says: [
      'error 1:17 bad-value: `run` has a carriage return without a line feed, which a shell reads as part of a word',
    ],
  },
  {
    title: '19 weights over 100',
    text: 'environments: {p: {type: staging}}\nstages: [{name: d, environment: p, strategy: {type: canary, weights: [10, 5, 120]}}]\n',
    says: ['error 2:70 bad-value: `weights` has 120, but a weight is more than 0 and at most 100'],
  },
  {
    title: '19 weights going down',
    text: 'environments: {p: {type: staging}}\nstages: [{name: d, environment: p, strategy: {type: canary, weights: [10, 5, 100]}}]\n',
    says: [
      'error 2:70 bad-value: `weights` goes from 10 to 5, but each weight must be more than the one before',
    ],
  },
  {
    title: '19 no weights',
    text: 'environments: {p: {type: staging}}\nstages: [{name: d, environment: p, strategy: {type: canary, weights: []}}]\n',
    says: ['error 2:70 bad-value: `weights` is empty; write the percentages, such as `[5, 25, 50, 100]`'],
  },
  {
    title: '19 weights that are no numbers',
    text: 'environments: {p: {type: staging}}\nstages: [{name: d, environment: p, strategy: {type: canary, weights: [ten, .nan, 100]}}]\n',
    says: [
      'error 2:71 bad-value: entry 1 of `weights` is `ten`, but must be a number',
      'error 2:76 bad-value: entry 2 of `weights` is `.nan`, but must be a number',
    ],
  },
  {
    title: '19 weights that end early',
    text: 'environments: {p: {type: staging}}\nstages: [{name: d, environment: p, strategy: {type: canary, weights: [10, 50]}}]\n',
    says: ['error 2:70 bad-value: `weights` ends at 50, but the last weight must be 100'],
  },
  {
    title: '20 an environment that does not exist',
    text: 'environments: {staging: {}, production: {promotion: {after: stagin}}}\nstages: [{name: d, environment: prodution}]\n',
    says: [
      'error 1:61 unknown-environment: there is no environment `stagin` -> did you mean `staging`?',
      'error 2:33 unknown-environment: there is no environment `prodution` -> did you mean `production`?',
    ],
  },
  {
    title: '20 a secret that does not exist',
    text: 'secrets: [NPM_TOKEN]\njobs:\n  t: {run: x, secrets: [NPM_TOKEN, NPM_TOKN]}\n',
    says: [
      'error 3:36 unknown-secret: the pipeline does not declare the secret `NPM_TOKN` -> did you mean `NPM_TOKEN`?',
    ],
  },
  {
    title: '20 a service that does not exist',
    text: 'environments: {p: {type: staging}}\nservices: {api: {}}\nstages: [{name: d, environment: p, service: apu}]\n',
    says: ['error 3:45 unknown-service: there is no service `apu` -> did you mean `api`?'],
  },
  {
    title: '21 an include of itself',
    text: 'include: sluice.yaml\njobs: {t: {run: x}}\n',
    says: [
      'error 1:10 include-cycle: the file includes itself: sluice.yaml -> sluice.yaml -> remove this include',
    ],
  },
  {
    title: '21 an include of itself through another',
    text: 'include: a.yaml\njobs: {t: {run: x}}\n',
    files: { 'a.yaml': 'include: ./sluice.yaml\n' },
    says: [
      'error a.yaml:1:10 include-cycle: the file includes itself: sluice.yaml -> a.yaml -> sluice.yaml -> remove this include',
    ],
  },
  {
    title: '21 includes outside',
    text: 'include:\n  - ../../x.yaml\n  - /etc/passwd\n  - https://example.com/x.yaml\n  - link.yaml\n  - none.yaml\njobs: {t: {run: x}}\n',
    files: { 'link.yaml': { refused: 'it is a symbolic link that leaves the repository' } },
    says: [
      'error 2:5 refused-include: cannot include `../../x.yaml`: it leaves the repository -> include a file of this repository, by its path from the root',
      'error 3:5 refused-include: cannot include `/etc/passwd`: it is no path inside the repository -> include a file of this repository, by its path from the root',
      'error 4:5 refused-include: cannot include `https://example.com/x.yaml`: it is a URL, and what it holds could change between two runs -> include a file of this repository, by its path from the root',
      'error 5:5 refused-include: cannot include `link.yaml`: it is a symbolic link that leaves the repository -> include a file of this repository',
      'error 6:5 missing-include: there is no file `none.yaml` in the repository -> write the path from the root of the repository',
    ],
  },
  {
    title: '22 an expression without an end',
    text: 'jobs: {t: {run: "echo ${{ git.sha"}}\n',
    says: ['error 1:23 bad-expression: the ${{ that begins here has no closing }}'],
  },
  {
    title: '22 an unknown function',
    text: 'jobs: {t: {run: x, if: "frobnicate(1)"}}\n',
    says: [
      "error 1:25 bad-expression: unknown function 'frobnicate'; there are contains, startsWith, endsWith, format, join, toJSON, fromJSON, case, hashFiles, success, failure, cancelled, always",
    ],
  },
  {
    title: '22 an error in folded text',
    text: 'jobs:\n  t:\n    run: >\n      echo a\n      echo ${{ stesp.x }}\n',
    says: ["error 5:16 bad-expression: unknown name 'stesp', did you mean 'steps'?"],
  },
  {
    title: '22 an error in quoted text',
    text: 'jobs:\n  t:\n    run: "\\u00e9 \\\n      \\" ${{ stesp.x }}"\n',
    says: ["error 4:14 bad-expression: unknown name 'stesp', did you mean 'steps'?"],
  },
  {
    title: '22 text around a condition',
    text: 'jobs: {t: {run: x, if: "${{ git.branch }} == \'main\'"}}\n',
    says: [
      'error 1:24 bad-condition: a condition is one expression; text around `${{ }}` makes it always true -> write the whole condition inside one `${{ }}`, or without it',
    ],
  },
  {
    title: '23 cron with six fields',
    text: 'trigger: {schedule: "* * * * * *"}\njobs: {t: {run: x}}\n',
    says: [
      'error 1:21 bad-value: `schedule` has 6 fields, but a cron line has five: minute, hour, day, month, weekday',
    ],
  },
  {
    title: '23 cron with minute 61',
    text: 'trigger: {schedule: "61 * * * *"}\njobs: {t: {run: x}}\n',
    says: ['error 1:21 bad-value: `schedule` is no cron line: invalid value for minute: 61'],
  },
  {
    title: '23 30 February',
    text: 'trigger: {schedule: "0 0 30 2 *"}\njobs: {t: {run: x}}\n',
    says: ['error 1:21 bad-value: `schedule` names a day that never comes'],
  },
  {
    title: '73 secret names',
    text: 'jobs: {t: {run: x, secrets: ["1A", "A=B", "A\\0"]}}\n',
    says: [
      'error 1:30 bad-value: entry 1 of `secrets` is no variable name: it must begin with a letter or `_`',
      'error 1:36 bad-value: entry 2 of `secrets` is no variable name: it may only have letters, digits and `_`',
      'error 1:43 bad-value: entry 3 of `secrets` has a NUL character',
    ],
  },
  {
    title: '74 variable names',
    text: 'jobs:\n  t:\n    run: x\n    env:\n      PATH: a\n      LD_PRELOAD: a\n      NODE_OPTIONS: a\n      BASH_ENV: a\n      1A: a\n      A=B: a\n      "N\\0": a\n      "": a\n      SLUICE_OUTPUT: a\n      SLUICE_REQUIRE_ALL: 1\n',
    says: [
      'error 5:7 bad-name: `PATH` may not be set here, because it decides which programs run; set it inside the command: `PATH=... your-command`',
      'error 6:7 bad-name: `LD_PRELOAD` may not be set here, because it loads code into every program; set it inside the command: `LD_PRELOAD=... your-command`',
      'error 7:7 bad-name: `NODE_OPTIONS` may not be set here, because it changes every Node program; set it inside the command: `NODE_OPTIONS=... your-command`',
      'error 8:7 bad-name: `BASH_ENV` may not be set here, because it runs a file in every shell; set it inside the command: `BASH_ENV=... your-command`',
      'error 9:7 bad-name: `1A` is no variable name: it must begin with a letter or `_`',
      'error 10:7 bad-name: `A=B` is no variable name: it may only have letters, digits and `_`',
      'error 11:7 bad-name: `N\\u{0}` has a NUL character',
      'error 12:7 bad-name: `` is no variable name: it is empty',
      'error 13:7 bad-name: `SLUICE_OUTPUT` may not be set here, because Sluice sets it itself',
    ],
  },
  {
    title: '75 a value with NUL',
    text: 'variables: {A: "a\\0b"}\njobs: {t: {run: x}}\n',
    says: ['error 1:16 bad-value: `A` has a NUL character, which no environment can hold'],
  },
  {
    title: '80 a URL with a password',
    text: 'environments: {s: {health_checks: [{url: "http://u:geheim@h/"}], type: staging}}\njobs: {t: {run: x}}\n',
    says: ['error 1:42 bad-value: `url` holds a user name or password; give those as secrets'],
  },
  {
    title: '80 a registry with a password',
    text: 'environments: {s: {registry: "https://u:geheim@r/", type: staging}}\njobs: {t: {run: x}}\n',
    says: [
      'error 1:30 bad-value: `registry` is `https://********@r/`, but must be the name of a registry, or a mapping with `host`, `user` and `password`',
    ],
  },
  {
    title: 'a job without work',
    text: 'jobs: {t: {needs: []}}\n',
    says: ['error 1:11 nothing-to-run: `t` has nothing to run -> add `commands`, `steps` or `run`'],
  },
  {
    title: 'a job with two kinds of work',
    text: 'jobs: {t: {run: x, commands: [y]}}\n',
    says: [
      'error 1:17 two-kinds-of-work: `t` has `commands` and `run`, but a job has one of them -> put all of it under `steps`',
    ],
  },
  {
    title: 'a mapping that should be a list',
    text: 'jobs: {a: {run: "true", retry: {max: 1, on: {exit_code: 7}}}}',
    says: [
      'error 1:45 bad-value: `on` is a mapping, but must be a list of causes -> write it, for example `on: [timeout, lost, {exit_code: 75}]`',
    ],
  },
  {
    title: 'a list that should be text',
    text: 'jobs: {t: {run: [a]}}\n',
    says: ['error 1:17 bad-value: `run` is a list, but must be a command'],
  },
  {
    title: 'a command that reads as a mapping',
    text: 'jobs:\n  t:\n    commands:\n      - echo a: b\n',
    says: [
      'error 4:9 bad-value: entry 1 of `commands` is a mapping, but must be a command -> when it should be text: put it in quotes, because `: ` makes a mapping',
    ],
  },
  {
    title: 'an unknown shell',
    text: 'jobs: {t: {run: x, shell: zsh}}\n',
    says: [
      'error 1:27 bad-value: `shell` is "zsh", but must be `sh`, `bash`, `python` or a command line with `{0}` for the script file, such as `zsh {0}`',
    ],
  },
  {
    title: 'steps with the same id',
    text: 'jobs:\n  t:\n    steps:\n      - {id: a, run: x}\n      - {id: A, run: y}\n',
    says: [
      'error 5:9 duplicate-id: two steps of the job have the id `A` -> give one of them another `id` (4:9 the first one is here)',
    ],
  },
  {
    title: 'stages and jobs',
    text: 'stages: [{name: a, jobs: {x: {run: x}}}]\njobs: {t: {run: x}}\n',
    says: [
      'error 2:8 stages-and-jobs: the pipeline has `stages`, so its jobs belong into one of them -> move `jobs` into a stage',
    ],
  },
  {
    title: 'no jobs at all',
    text: 'name: x\n',
    says: [
      'error 1:1 empty-pipeline: the pipeline has no jobs: expected `stages` or `jobs` -> write at least one job, such as `jobs: {test: {commands: ["npm test"]}}`',
    ],
  },
  {
    title: 'a stage without jobs',
    text: 'stages: [{name: a}]\n',
    says: [
      'error 1:17 empty-stage: the stage `a` has no jobs -> add `jobs`, or `environment` when it deploys',
    ],
  },
  {
    title: 'a strategy without an environment',
    text: 'stages: [{name: a, strategy: rolling, jobs: {x: {run: x}}}]\n',
    says: [
      'error 1:30 no-environment: `strategy` has no effect in the stage `a`, because it does not deploy -> add `environment: NAME`, or remove it',
    ],
  },
  {
    title: 'text instead of a pipeline',
    text: 'hello\n',
    says: ['error 1:1 bad-value: the pipeline is `hello`, but must be a mapping'],
  },
  {
    title: 'a list of events with schedule',
    text: 'on: [push, schedule]\njobs: {t: {run: x}}\n',
    says: [
      'error 1:5 no-schedule: the event `schedule` needs times -> write `trigger: {schedule: "0 3 * * *"}`',
    ],
  },
  {
    title: 'tags that have no effect',
    text: 'on: {events: [push], tags: ["v*"]}\njobs: {t: {run: x}}\n',
    says: [
      'error 1:28 unused-filter: `tags` has no effect, because `events` does not have `tag` -> add `tag` to `events`',
    ],
  },
  {
    title: 'an input whose default is no option',
    text: 'inputs: {a: {default: x, options: [y]}}\njobs: {t: {run: x}}\n',
    says: [
      'error 1:13 bad-default: the default `x` of the input `a` is not one of its options -> choose one of y',
    ],
  },
  {
    title: 'a missing parameter',
    text: 'include: {path: a.yaml, with: {vresion: 1}}\njobs: {t: {run: x}}\n',
    files: { 'a.yaml': 'jobs:\n  u:\n    run: node ${{ params.version }}\n' },
    says: [
      'warning 1:32 unused-parameter: the included file does not use the parameter `vresion`',
      'error a.yaml:3:15 missing-parameter: the parameter `version` is not given -> did you mean `vresion`? (1:17 the file is included here)',
    ],
  },
  {
    title: 'an error in an anchored value',
    text: 'variables: &v\n  A: 1.10\njobs:\n  t:\n    run: x\n    env: *v\n  u:\n    run: x\n    env:\n      <<: *v\n',
    says: [
      'error 2:6 misread-value: `A`: `1.10` is read as the number 1.1 -> quote it: "1.10" (6:10 the value is used here through an alias) (10:11 the value is used here through an alias)',
    ],
  },
  {
    title: 'a health check without a question',
    text: 'environments: {s: {health_checks: [{timeout: 5}], type: staging}}\njobs: {t: {run: x}}\n',
    says: [
      'error 1:36 bad-health-check: a health check needs `http`, `tcp` or `command` -> write for example `http: http://localhost:8080/health`',
    ],
  },
];

describe('a wrong pipeline file', () => {
  it.each(CASES.map((one) => [one.title, one] as const))('%s', (_, { text, files, says }) => {
    expect(problemsOf(text, files)).toEqual(says);
    expect(load(text, files).ok).toBe(false);
  });

  it('2 is not UTF-8', () => {
    const advice = '-> save the file as UTF-8';
    expect(problemsOf(Buffer.from('\ufeffname: x\n', 'utf16le'))).toEqual([
      `error 1:1 not-utf8: the file is not valid UTF-8 at byte 0; it looks like UTF-16 ${advice}`,
    ]);
    const latin1 = Buffer.concat([Buffer.from('jobs: {}\nname: caf'), Buffer.from([0xe9, 0x0a])]);
    expect(problemsOf(latin1)).toEqual([
      `error 2:10 not-utf8: the file is not valid UTF-8 at byte 18 ${advice}`,
    ]);
  });

  it('2 a byte order mark is left out', () => {
    expect(problemsOf('\ufeffjobs: {t: {run: x}}\n')).toEqual([]);
  });

  it('5 an alias bomb of 10 levels x 10', () => {
    let text = 'a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n';
    for (let level = 1; level < 10; level++) {
      text += `a${level}: &a${level} [${Array(10)
        .fill(`*a${level - 1}`)
        .join(',')}]\n`;
    }
    expect(problemsOf(text)).toEqual([
      'error 5:18 alias-bomb: the aliases of this file unfold to more than 50000 values',
    ]);
  });

  it.each(['[', '- ', '{a: ', '? '])('6 nesting of 20,000 %s', (piece) => {
    const [first, ...more] = problemsOf(piece.repeat(20_000));
    expect(first).toMatch(
      /^error 1:\d+ too-deep: nesting > 32: values stand in each other more than 32 levels deep$/,
    );
    expect(more).toEqual([]);
  });

  it('17 a file of 5 MB', () => {
    expect(problemsOf(new Uint8Array(5 * 1024 * 1024).fill(0x23))).toEqual([
      'error 1:1 file-too-large: the file has 5242880 bytes, more than the 1048576 of a pipeline file -> move long scripts into files of their own and run those',
    ]);
  });

  it('22 an expression nested 10,000 deep', () => {
    const text = `jobs:\n  t:\n    run: x\n    if: ${'('.repeat(10_000)}1${')'.repeat(10_000)}\n`;
    expect(problemsOf(text)).toEqual([
      'error 4:59 bad-expression: the expression is nested deeper than 50 levels',
    ]);
  });

  it('shows at most 200 problems and counts the rest', () => {
    const said = problemsOf(
      `${Array.from({ length: 500 }, (_, index) => `unknown_${index}: 1`).join('\n')}\n`,
    );
    expect(said).toHaveLength(201);
    expect(said.at(-1)).toBe('error too-many-problems: there are 300 more problems; repair these first');
  });
});
