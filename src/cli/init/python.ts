import type { Detector, Project } from './project.ts';

/** Names by which an optional group of dependencies brings what tests need. */
const TEST_GROUPS = ['dev', 'test', 'tests', 'testing'];

/** pyproject.toml, requirements.txt or setup.py: an environment of its own, and the tests when there are any. */
export const detectPython: Detector = async (project) => {
  const pyproject = await project.read('pyproject.toml');
  const requirements = await project.read('requirements.txt');
  const setup = await project.has('setup.py');
  const because =
    pyproject !== null
      ? 'pyproject.toml'
      : requirements !== null
        ? 'requirements.txt'
        : setup
          ? 'setup.py'
          : null;
  if (because === null) return null;
  const tests = await testsOf(project);
  if (await project.has('uv.lock')) {
    const run =
      tests === 'pytest'
        ? ['uv run pytest']
        : tests === 'unittest'
          ? ['uv run python -m unittest discover']
          : [];
    return { name: 'python', because: 'uv.lock', commands: ['uv sync --all-extras', ...run] };
  }
  const installs = installCommands(pyproject, requirements, setup, await project.has('requirements-dev.txt'));
  if (tests === 'pytest') installs.push('.venv/bin/pip install pytest');
  const check = `${installs.length > 0 ? '.venv/bin/python' : 'python3'} -m compileall -q -x '[.]venv|node_modules' .`;
  const run = {
    pytest: ['.venv/bin/python -m pytest'],
    unittest: [
      `${installs.length > 0 ? '.venv/bin/python' : 'python3'} -m unittest discover${await startFolder(project)}`,
    ],
    none: [],
  }[tests];
  const make = installs.length > 0 ? ['python3 -m venv .venv'] : [];
  return { name: 'python', because, commands: [...make, ...installs, check, ...run] };
};

function installCommands(
  pyproject: string | null,
  requirements: string | null,
  setup: boolean,
  development: boolean,
): string[] {
  const commands: string[] = [];
  if (requirements !== null && /^\s*[^#\s]/m.test(requirements))
    commands.push('.venv/bin/pip install -r requirements.txt');
  if (development) commands.push('.venv/bin/pip install -r requirements-dev.txt');
  // A pyproject.toml that only configures tools installs nothing.
  if (setup || (pyproject !== null && /^\[(project|build-system|tool\.poetry)\]/m.test(pyproject))) {
    commands.push(`.venv/bin/pip install -e ${extras(pyproject ?? '')}`);
  }
  return commands;
}

function extras(pyproject: string): string {
  const table = /^\[project\.optional-dependencies\]\s*\n((?:(?!^\[).*\n?)*)/m.exec(pyproject)?.[1] ?? '';
  const group = TEST_GROUPS.find((name) => new RegExp(`^${name}\\s*=`, 'm').test(table));
  return group ? `'.[${group}]'` : '.';
}

/** What runs the tests: pytest for functions, unittest when all of them are its classes. */
async function testsOf(project: Project): Promise<'pytest' | 'unittest' | 'none'> {
  const texts: string[] = [];
  for (const folder of ['.', 'tests', 'test']) {
    for (const name of await project.list(folder)) {
      if (!/^test_.*\.py$|_test\.py$/.test(name)) continue;
      texts.push((await project.read(folder === '.' ? name : `${folder}/${name}`)) ?? '');
    }
  }
  if (texts.length === 0) return 'none';
  return texts.every((text) => /^\s*(import|from) unittest\b/m.test(text)) ? 'unittest' : 'pytest';
}

async function startFolder(project: Project): Promise<string> {
  for (const folder of ['tests', 'test']) {
    if ((await project.list(folder)).some((name) => name.endsWith('.py'))) return ` -s ${folder} -t .`;
  }
  return '';
}
