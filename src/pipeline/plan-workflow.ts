/** What a GitHub workflow says of a job that our own pipelines have no word for. Recorded; the machine may ignore it. */
export interface WorkflowJob {
  /** Labels of the runner that is wanted. Templates. Empty: a call of another workflow. */
  readonly runsOn: readonly string[];
  /** By scope: `read`, `write` or `none`; `read-all` and `write-all` are the one scope `*`. null: not said. */
  readonly permissions: Readonly<Record<string, string>> | null;
  /** Its secrets and its protection count; it starts no deployment. Templates. */
  readonly environment: { readonly name: string; readonly url: string | null } | null;
  /** The workflow that the job is: `./.github/workflows/test.yml` or `owner/name/.github/workflows/test.yml@v1`. */
  readonly call: WorkflowCall | null;
}

export interface WorkflowCall {
  readonly workflow: string;
  /** Templates. */
  readonly with: Readonly<Record<string, string>>;
  /** By the name there; templates. `inherit`: all that this workflow has. */
  readonly secrets: Readonly<Record<string, string>> | 'inherit';
}
