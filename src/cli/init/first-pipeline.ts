import { detectJavaScript } from './javascript.ts';
import { detectCSharp, detectGo, detectJava, detectMake, detectRuby, detectRust } from './other-language.ts';
import type { FoundJob, Project } from './project.ts';
import { detectPython } from './python.ts';

const LANGUAGES = [
  detectJavaScript,
  detectPython,
  detectGo,
  detectRust,
  detectJava,
  detectCSharp,
  detectRuby,
];

/** A job for each language of the project; where there is none, for its Makefile; where there is none either, a first command. */
export async function findJobs(project: Project): Promise<readonly FoundJob[]> {
  const found = await Promise.all(LANGUAGES.map((detect) => detect(project)));
  const jobs = found.filter((job) => job !== null);
  if (jobs.length > 0) return jobs;
  const make = await detectMake(project);
  return make
    ? [make]
    : [{ name: 'hello', because: 'no language was found', commands: ['echo "hello from $(pwd)"'] }];
}

/** The text of a sluice.yaml with these jobs. */
export function pipelineText(name: string, jobs: readonly FoundJob[]): string {
  const lines = [
    '# Written by `sluice init`. Run it with `sluice run`, look ahead with `sluice plan`.',
    `name: ${scalar(name)}`,
    '',
    'trigger:',
    '  branches: [main]',
    '  events: [push, pull_request]',
    '',
    'stages:',
    '  - name: test',
    '    jobs:',
  ];
  for (const job of jobs) {
    lines.push(`      # ${job.because}`, `      - name: ${scalar(job.name)}`, '        commands:');
    lines.push(...job.commands.map((command) => `          - ${scalar(command)}`));
  }
  return `${lines.join('\n')}\n`;
}

/** Plain where YAML reads it back as the same text, quoted otherwise. */
function scalar(text: string): string {
  const plain =
    /^[A-Za-z./][A-Za-z0-9 ._/=@+-]*$/.test(text) &&
    !/\s$/.test(text) &&
    !/^(true|false|null|yes|no|on|off)$/i.test(text);
  return plain ? text : `'${text.replaceAll("'", "''")}'`;
}
