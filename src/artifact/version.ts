/** What the version of an artifact is made of. */
export interface VersionFacts {
  readonly tag: string | null;
  readonly branch: string | null;
  readonly commit: string | null;
  readonly buildNumber: number;
}

// As semver.org gives it: three numbers, a pre-release and build data.
const SEMVER =
  /^v?((?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?)$/;

/**
 * The semantic version that the tag says (`v1.2.3`, `api/v1.2.3`); else a pre-release of branch, build number and commit such as
 * `0.0.0-main.12+1a2b3c4d`, which comes before every release and grows with the builds.
 */
export function artifactVersion({ tag, branch, commit, buildNumber }: VersionFacts): string {
  const tagged = SEMVER.exec(tag?.split('/').at(-1) ?? '')?.[1];
  if (tagged !== undefined) return tagged;
  const ref =
    (branch ?? tag ?? 'detached').replace(/[^0-9A-Za-z-]+/g, '-').replace(/^-+|-+$/g, '') || 'detached';
  // A part that is only digits is a number in semver, and may not begin with 0.
  const part = /^\d+$/.test(ref) ? `b${ref}` : ref;
  return `0.0.0-${part}.${buildNumber}${commit === null ? '' : `+${commit.slice(0, 8)}`}`;
}
