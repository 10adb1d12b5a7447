type Manifest = Readonly<Record<string, unknown>>;

/** What only a checkout needs: the pinned Node, the tools, and packages that the bundle already holds. */
const CHECKOUT_ONLY = ['scripts', 'dependencies', 'devDependencies', 'optionalDependencies'];

/** The package.json of the npm release, made from the one of the checkout. */
export function releaseManifest(checkout: Manifest): Manifest {
  const kept = Object.entries(checkout).filter(([key]) => !CHECKOUT_ONLY.includes(key));
  return {
    ...Object.fromEntries(kept),
    exports: { '.': { types: './dist/typed.d.ts', default: './dist/typed.js' } },
  };
}
