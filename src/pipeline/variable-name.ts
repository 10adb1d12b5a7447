/** Variables with which a pipeline could change how Sluice's own shells and programs start, or that Sluice sets itself. */
const TAKEN: Readonly<Record<string, string>> = {
  PATH: 'it decides which programs run',
  LD_PRELOAD: 'it loads code into every program',
  NODE_OPTIONS: 'it changes every Node program',
  BASH_ENV: 'it runs a file in every shell',
};

const OWN = /^SLUICE_(RUN_ID|JOB|JOB_KEY|WORKSPACE|STEP|TRY|OUTPUT|ENV|PATH|SUMMARY)$/;

/** Why a variable of this name may not be set for steps, as the end of a sentence that begins with the name; null when it may. */
export function takenVariable(name: string): string | null {
  if (OWN.test(name)) return 'may not be set here, because Sluice sets it itself';
  const why = Object.hasOwn(TAKEN, name) ? TAKEN[name] : undefined;
  return why
    ? `may not be set here, because ${why}; set it inside the command: \`${name}=... your-command\``
    : null;
}
