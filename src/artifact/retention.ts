const DAY_MS = 86_400_000;

/** How long an artifact is kept when its pipeline does not say: 90 days of a tag, 7 of a pull request, else 30. */
export function retentionMs(event: string, tag: string | null): number {
  if (tag !== null) return 90 * DAY_MS;
  return (event === 'pull_request' ? 7 : 30) * DAY_MS;
}
