// Any Node since 12 can parse this file, so that an old one gets a sentence and not a syntax error.
// The order matters: check the version, answer what needs no program, then load the program.
// No module: for those Node starts a loader of its own, 2 ms that `sluice --version` and a release can do without.

const nodeMajorMin = 24;
const root = __dirname.slice(0, __dirname.lastIndexOf('/'));
const wanted = process.argv.length === 3 ? process.argv[2] : '';

if (Number(process.versions.node.split('.')[0]) < nodeMajorMin) {
  fail(
    `Sluice needs Node ${nodeMajorMin} or newer; this is ${process.version} at ${process.execPath}.`,
    'Install a newer Node (https://nodejs.org/en/download); in a checkout of Sluice `npm ci` brings the right one.',
  );
} else {
  const files = require('node:fs');
  if (wanted === '--version' || wanted === '-V') printVersion(files);
  else startProgram(files);
}

function printVersion(files) {
  process.stdout.write(`${JSON.parse(files.readFileSync(`${root}/package.json`, 'utf8')).version}\n`);
}

function startProgram(files) {
  silenceKnownWarnings();
  // By default the heap may grow to several times of what lives in it before old garbage is looked for: with 10,000 jobs
  // that was 65 MiB more. A flag that a later V8 does not know is ignored here.
  require('node:v8').setFlagsFromString('--heap-growing-percent=10');
  if (files.existsSync(`${root}/src/main.ts`)) startCheckout(files, `${root}/src/`);
  else startRelease(files, `${root}/dist/`);
}

function startCheckout(files, folder) {
  const address = require('node:url').pathToFileURL(folder).href;
  require('./checkout.cjs').loadSources(folder, address);
  import(`${address}main.ts`).catch((error) => {
    if (error.code === 'ERR_MODULE_NOT_FOUND' && !files.existsSync(`${root}/node_modules`)) {
      fail('the npm packages of this checkout are missing.', `Type: npm ci --prefix '${root}/'`);
    } else {
      fail(error.stack, 'This checkout of Sluice does not load; the lines above say where.');
    }
  });
}

// The bundle is a few parts, each a function in a file (tools/release-parts.ts). Node's own cache of compiled code keeps no
// function that is compiled when it is first called, and those are a quarter of a small run. So V8's cache of them is kept here.
function startRelease(files, folder) {
  try {
    const parts = new Map();
    const requireBeside = require('node:module').createRequire(`${folder}main.js`);
    const part = (name) => {
      if (!parts.has(name)) {
        const provide = (table) => parts.set(name, (path) => table[path]());
        const bundle = `${folder}${name}.js`;
        const { href } = require('node:url').pathToFileURL(bundle);
        openPart(files, name, bundle)(requireBeside, href, part, provide);
      }
      return parts.get(name);
    };
    part('main');
  } catch (error) {
    fail(`this installation is damaged: ${error.message}`, 'Install it again: npm install --global sluice');
  }
}

function openPart(files, name, bundle) {
  const { Script, constants } = require('node:vm');
  // tools/build.ts writes nothing but ASCII.
  const text = files.readFileSync(bundle, 'latin1');
  const place = codePlace(text);
  const cachedData = place === null ? undefined : readCode(files, place);
  const script = new Script(text, {
    filename: bundle,
    cachedData: cachedData && cachedData.length > 0 ? cachedData : undefined,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const isKept = cachedData && cachedData.length > 0 && !script.cachedDataRejected;
  if (place !== null && !isKept && (name !== 'main' || process.argv[2] === 'run')) {
    process.on('exit', (code) => {
      if (code === 0) keepCode(files, place, cachedData === undefined ? null : script);
    });
  }
  return script.runInThisContext();
}

// V8 compares the length of a text with that of the cached code, and not the text: so the name says which bundle it is.
function codePlace(text) {
  const digest = /\/\/ ([0-9a-f]{64})\n$/.exec(text.slice(-100));
  const folder = process.env.NODE_COMPILE_CACHE;
  return folder && digest ? `${folder}/sluice-${process.version}-${process.arch}-${digest[1]}` : null;
}

function readCode(files, place) {
  try {
    return files.readFileSync(place);
  } catch {
    return undefined;
  }
}

// The first run of all reads the pipeline, which a later one remembers: so it leaves an empty file (no script), and the
// next run, which knows better what a run needs, leaves the code. A file that is there is whole, also after a crash.
function keepCode(files, place, script) {
  const partial = `${place}.${process.pid}`;
  try {
    const file = files.openSync(partial, 'wx', 0o600);
    if (script !== null) {
      files.writeFileSync(file, script.createCachedData());
      files.fsyncSync(file);
    }
    files.closeSync(file);
    files.renameSync(partial, place);
  } catch {
    // A folder that cannot be written costs only time.
    files.rmSync(partial, { force: true });
  }
}

// Node calls these experimental on each start. What we rely on is tested; all other warnings are shown.
function silenceKnownWarnings() {
  const emitWarning = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    const name = typeof rest[0] === 'object' && rest[0] !== null ? rest[0].type : rest[0];
    const isKnown = /^SQLite|^vm\.USE_MAIN_CONTEXT_DEFAULT_LOADER/.test(String(warning));
    if (name === 'ExperimentalWarning' && isKnown) return;
    emitWarning.call(process, warning, ...rest);
  };
}

function fail(cause, wayOut) {
  process.stderr.write(`sluice: ${cause}\n${wayOut}\n`);
  process.exitCode = 3;
}
