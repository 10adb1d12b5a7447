import type { ShellTarget } from '../shell/job-script.ts';

/** GitLab's names for our events. */
const EVENTS: Readonly<Record<string, string>> = {
  pull_request: 'merge_request_event',
  pull_request_target: 'merge_request_event',
  manual: 'web',
  workflow_dispatch: 'web',
  repository_dispatch: 'api',
  tag: 'push',
};

export function eventName(name: string): string {
  return Object.hasOwn(EVENTS, name) ? EVENTS[name]! : name;
}

/** What a job leaves for those behind it: a report of the kind `dotenv`. */
export const OUTPUT_FILE = 'sluice-outputs.env';

export const GITLAB: ShellTarget = {
  name: 'GitLab',
  facts: {
    branch: 'CI_COMMIT_BRANCH',
    tag: 'CI_COMMIT_TAG',
    ref: 'SLUICE_REF',
    refName: 'CI_COMMIT_REF_NAME',
    sha: 'CI_COMMIT_SHA',
    repository: 'CI_PROJECT_PATH',
    actor: 'GITLAB_USER_LOGIN',
    event: 'CI_PIPELINE_SOURCE',
    runId: 'CI_PIPELINE_ID',
    runNumber: 'CI_PIPELINE_IID',
    headRef: 'CI_MERGE_REQUEST_SOURCE_BRANCH_NAME',
    baseRef: 'CI_MERGE_REQUEST_TARGET_BRANCH_NAME',
    workspace: 'CI_PROJECT_DIR',
    serverUrl: 'CI_SERVER_URL',
  },
  definitions: {
    SLUICE_REF: 'SLUICE_REF="refs/${CI_COMMIT_TAG:+tags}${CI_COMMIT_BRANCH:+heads}/$CI_COMMIT_REF_NAME"',
  },
  eventName,
  outputFile: () => OUTPUT_FILE,
};
