/** An action that a step performs: `uses` and `with` of a GitHub workflow. The values of `with` are templates. */
export type PlanUses =
  /**
   * A folder with an `action.yml`: `./.github/actions/setup` in the workspace, `$/.github/actions/setup` in the repository that says
   * so, which is another one inside an action of others.
   */
  | { readonly kind: 'local'; readonly path: string; readonly with: Readonly<Record<string, string>> }
  /** `owner/name@ref`, or a folder of it: `owner/name/path@ref`. */
  | {
      readonly kind: 'repository';
      /** `owner/name`. */
      readonly repository: string;
      /** null: the root of the repository. */
      readonly path: string | null;
      /** Branch, tag or commit. */
      readonly ref: string;
      readonly with: Readonly<Record<string, string>>;
    }
  /** `docker://image`. */
  | { readonly kind: 'docker'; readonly image: string; readonly with: Readonly<Record<string, string>> };

/** What a step is called in messages and where it has no name: as it was written. */
export function usesText(uses: PlanUses): string {
  switch (uses.kind) {
    case 'local':
      return uses.path;
    case 'repository':
      return `${uses.repository}${uses.path === null ? '' : `/${uses.path}`}@${uses.ref}`;
    case 'docker':
      return `docker://${uses.image}`;
  }
}
