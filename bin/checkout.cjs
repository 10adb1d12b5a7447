/*
 * How the sources of a checkout are found and read. A run loads some 250 of them. Node's own way looks for each file several
 * times, for its real path and for the package that it belongs to, and reads it through a pool of threads: a tenth of a
 * millisecond each. Our imports name the file itself, with its ending, so that an address and one read are enough.
 */
const { readFileSync } = require('node:fs');
const { registerHooks } = require('node:module');

const format = 'module-typescript';

/** From now on sources below `folder` (absolute, with a slash at its end; `address` is its URL) are loaded the short way. */
exports.loadSources = (folder, address) => {
  registerHooks({
    resolve(specifier, context, next) {
      const { parentURL } = context;
      if (!specifier.startsWith('.') || !specifier.endsWith('.ts') || !parentURL.startsWith(address))
        return next(specifier, context);
      return { url: beside(parentURL, specifier), format, shortCircuit: true };
    },
    load(url, context, next) {
      if (context.format !== format || !url.startsWith(address)) return next(url, context);
      const source = readFileSync(folder + url.slice(address.length), 'utf8');
      return { source, format, shortCircuit: true };
    },
  });
};

/** `specifier`, which begins with `./` or `../`, seen from `url`. */
function beside(url, specifier) {
  let end = url.lastIndexOf('/');
  let from = 0;
  while (specifier.startsWith('.', from)) {
    if (specifier.startsWith('..', from)) end = url.lastIndexOf('/', end - 1);
    from = specifier.indexOf('/', from) + 1;
  }
  return url.slice(0, end + 1) + specifier.slice(from);
}
