import type { Checked } from '../../../base/diagnostic.ts';
import { child, entryOf, type MapNode, type Node } from '../../native/node.ts';
import { Problems, shown } from '../../native/problem.ts';
import { headOf } from '../../native/read.ts';
import { decodeSource } from '../../native/source.ts';
import { parseYaml } from '../../native/syntax.ts';
import { conditionOf, STEP_CONDITION } from '../build/expression.ts';
import { stepsOf } from '../build/step.ts';
import { listOf, textsOf, textUnder } from '../build/text.ts';
import type { ActionDefinition, ActionInput, ActionRuns, ActionScript } from './action-definition.ts';

/** The names under which an action describes itself, the first one first. */
export const ACTION_FILES = ['action.yml', 'action.yaml'];

const KEYS = ['name', 'author', 'description', 'inputs', 'outputs', 'runs', 'branding'];
const INPUT_KEYS = ['description', 'required', 'default', 'deprecationMessage', 'type'];
const OUTPUT_KEYS = ['description', 'value'];
const RUNS_KEYS = {
  composite: ['using', 'steps'],
  javascript: ['using', 'main', 'pre', 'pre-if', 'post', 'post-if'],
  docker: [
    'using',
    'image',
    'entrypoint',
    'args',
    'env',
    'pre-entrypoint',
    'pre-if',
    'post-entrypoint',
    'post-if',
  ],
};
const STEP_KEYS = [
  ...['id', 'name', 'if', 'run', 'shell', 'uses', 'with', 'env'],
  ...['working-directory', 'continue-on-error', 'timeout-minutes'],
];

/**
 * Reads the description of an action. `file`: as a person would name it. Gives it with warnings, or all its problems at once,
 * each placed in the file. Never throws.
 */
export function readAction(file: string, content: Uint8Array): Checked<ActionDefinition> {
  const problems = new Problems(file);
  const source = decodeSource(file, content, problems);
  const tree = source && parseYaml(source, problems);
  const failed = (): Checked<ActionDefinition> => ({ ok: false, diagnostics: problems.list() });
  if (!tree) return failed();
  if (tree.kind !== 'map') {
    problems.error('bad-action', headOf(tree), 'an action is a mapping with `name`, `inputs` and `runs`');
    return failed();
  }
  checkKeys(tree, KEYS, problems);
  const runs = runsOf(tree, problems);
  const inputs = inputsOf(child(tree, 'inputs'), problems);
  const outputs = outputsOf(child(tree, 'outputs'), problems);
  if (problems.errors || runs === null) return failed();
  const warnings = problems.list();
  const name = textUnder(tree, 'name') ?? file;
  return { ok: true, value: { name, inputs, outputs, runs, warnings }, diagnostics: warnings };
}

function checkKeys(node: MapNode, known: readonly string[], problems: Problems): void {
  for (const { key, keySpan } of node.entries) {
    if (known.includes(key)) continue;
    const near = problems.near(key, known);
    problems.warn('unknown-key', keySpan, `the key ${shown(key)} is not known here and is ignored`, {
      ...(near ? { suggestion: `did you mean \`${near}\`?` } : {}),
    });
  }
}

function inputsOf(node: Node | undefined, problems: Problems): Record<string, ActionInput> {
  if (node?.kind !== 'map') return {};
  return Object.fromEntries(
    node.entries.map(({ key, value }) => {
      if (value.kind === 'map') checkKeys(value, INPUT_KEYS, problems);
      const input = {
        default: textUnder(value, 'default'),
        required: textUnder(value, 'required') === 'true',
        deprecation: textUnder(value, 'deprecationMessage'),
      };
      return [key, input];
    }),
  );
}

function outputsOf(node: Node | undefined, problems: Problems): Record<string, string> {
  if (node?.kind !== 'map') return {};
  const outputs: [string, string][] = [];
  for (const { key, value } of node.entries) {
    if (value.kind === 'map') checkKeys(value, OUTPUT_KEYS, problems);
    const text = textUnder(value, 'value');
    if (text !== null) outputs.push([key, text]);
  }
  return Object.fromEntries(outputs);
}

function runsOf(tree: MapNode, problems: Problems): ActionRuns | null {
  const runs = child(tree, 'runs');
  if (runs?.kind !== 'map') {
    problems.error('bad-action', headOf(runs ?? tree), 'the action does not say what it `runs`', {
      suggestion: 'add `runs: {using: composite, steps: [...]}`',
    });
    return null;
  }
  const using = textUnder(runs, 'using')?.toLowerCase() ?? '';
  if (using === 'composite') return compositeOf(runs, problems);
  if (/^node\d+$/.test(using)) return javascriptOf(runs, using, problems);
  if (using === 'docker') return dockerOf(runs, problems);
  const at = child(runs, 'using') ?? headOf(runs);
  problems.error('bad-action', at, `an action cannot be run by ${shown(using || 'nothing')}`, {
    suggestion: '`using` is composite, node20, node24 or docker',
  });
  return null;
}

function compositeOf(runs: MapNode, problems: Problems): ActionRuns {
  checkKeys(runs, RUNS_KEYS.composite, problems);
  const steps = child(runs, 'steps');
  if (steps?.kind !== 'list')
    problems.error('bad-action', headOf(steps ?? runs), 'a composite action needs a list of `steps`');
  for (const step of steps?.kind === 'list' ? steps.items : []) checkStep(step, problems);
  const surroundings = { shell: null, workingDirectory: null, variables: {} };
  return { kind: 'composite', steps: stepsOf(steps, surroundings, problems) };
}

function checkStep(step: Node, problems: Problems): void {
  if (step.kind !== 'map') {
    problems.error('bad-action', headOf(step), 'a step is a mapping with `run` or `uses`');
    return;
  }
  checkKeys(step, STEP_KEYS, problems);
  const run = entryOf(step, 'run');
  const uses = entryOf(step, 'uses');
  if (!run === !uses)
    problems.error(
      'bad-action',
      headOf(step),
      `a step needs either \`run\` or \`uses\`, and this one has ${run ? 'both' : 'neither'}`,
    );
  if (run && !entryOf(step, 'shell')) {
    problems.error('bad-action', run.keySpan, 'a step of an action has to name its shell', {
      suggestion: 'add `shell: bash`',
    });
  }
}

function javascriptOf(runs: MapNode, node: string, problems: Problems): ActionRuns | null {
  checkKeys(runs, RUNS_KEYS.javascript, problems);
  const main = textUnder(runs, 'main');
  if (!main) {
    problems.error('bad-action', headOf(runs), 'the action does not name the file that it runs', {
      suggestion: 'add `main: dist/index.js`',
    });
    return null;
  }
  return {
    kind: 'javascript',
    node,
    main,
    pre: scriptOf(runs, 'pre', 'pre', problems),
    post: scriptOf(runs, 'post', 'post', problems),
  };
}

function dockerOf(runs: MapNode, problems: Problems): ActionRuns | null {
  checkKeys(runs, RUNS_KEYS.docker, problems);
  const image = textUnder(runs, 'image');
  if (!image) {
    problems.error('bad-action', headOf(runs), 'the action does not name its image', {
      suggestion: 'add `image: Dockerfile`, or `image: docker://alpine:3`',
    });
    return null;
  }
  return {
    kind: 'docker',
    image,
    entrypoint: textUnder(runs, 'entrypoint'),
    args: listOf(child(runs, 'args')),
    variables: textsOf(child(runs, 'env')),
    pre: scriptOf(runs, 'pre-entrypoint', 'pre', problems),
    post: scriptOf(runs, 'post-entrypoint', 'post', problems),
  };
}

function scriptOf(
  runs: MapNode,
  key: string,
  phase: 'pre' | 'post',
  problems: Problems,
): ActionScript | null {
  const script = textUnder(runs, key);
  if (!script) return null;
  return { script, if: conditionOf(child(runs, `${phase}-if`), STEP_CONDITION, problems) };
}
