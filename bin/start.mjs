// Any Node since 12 can parse this file, so that an old one gets a sentence and not a syntax error.
// The order matters: check the version, answer what needs no program, then load the program.

const nodeMajorMin = 24;
const root = new URL('../', import.meta.url);
const wanted = process.argv.length === 3 ? process.argv[2] : '';

if (Number(process.versions.node.split('.')[0]) < nodeMajorMin) {
  fail(
    `Sluice needs Node ${nodeMajorMin} or newer; this is ${process.version} at ${process.execPath}.`,
    'Install a newer Node (https://nodejs.org/en/download); in a checkout of Sluice `npm ci` brings the right one.',
  );
} else {
  // Imported, node:fs would start its streams, which takes some milliseconds.
  const files = process.getBuiltinModule('node:fs');
  if (wanted === '--version' || wanted === '-V') printVersion(files);
  else startProgram(files);
}

function printVersion(files) {
  process.stdout.write(`${JSON.parse(files.readFileSync(new URL('package.json', root), 'utf8')).version}\n`);
}

function startProgram(files) {
  silenceSqliteWarning();
  // By default the heap may grow to several times of what lives in it before old garbage is looked for: with 10,000 jobs
  // that was 60 MiB more. A flag that a later V8 does not know is ignored here.
  process.getBuiltinModule('node:v8').setFlagsFromString('--heap-growing-percent=30');
  const source = new URL('src/main.ts', root);
  const program = files.existsSync(source) ? source : new URL('dist/main.js', root);
  return import(program.href).catch((error) => {
    const packages = new URL('node_modules', root);
    if (program !== source) {
      fail(`this installation is damaged: ${error.message}`, 'Install it again: npm install --global sluice');
    } else if (error.code === 'ERR_MODULE_NOT_FOUND' && !files.existsSync(packages)) {
      fail(
        'the npm packages of this checkout are missing.',
        `Type: npm ci --prefix '${decodeURIComponent(root.pathname)}'`,
      );
    } else {
      fail(error.stack, 'This checkout of Sluice does not load; the lines above say where.');
    }
  });
}

// Node calls node:sqlite experimental on each start. What we rely on is tested; all other warnings are shown.
function silenceSqliteWarning() {
  const emitWarning = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    const name = typeof rest[0] === 'object' && rest[0] !== null ? rest[0].type : rest[0];
    if (name === 'ExperimentalWarning' && String(warning).startsWith('SQLite')) return;
    emitWarning.call(process, warning, ...rest);
  };
}

function fail(cause, wayOut) {
  process.stderr.write(`sluice: ${cause}\n${wayOut}\n`);
  process.exitCode = 3;
}
