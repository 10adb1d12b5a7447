/** What a job's tests are for, by the words in the job's id and in the report's name. */
export const SUITES = ['unit', 'integration', 'e2e', 'smoke'] as const;
export type Suite = (typeof SUITES)[number];

const WORDS: readonly (readonly [Suite, RegExp])[] = [
  ['smoke', /^smoke$/],
  ['e2e', /^(e2e|journeys?|acceptance|playwright|cypress)$/],
  ['integration', /^(integration|it|contract)$/],
  ['unit', /^unit$/],
];

/** The suite that the words tell, or null. The job's id counts more than the name of the file. */
export function suiteOf(job: string, file: string): Suite | null {
  return told(job) ?? told(file);
}

function told(text: string): Suite | null {
  const words = wordsOf(text);
  if (/end-?to-?end/i.test(text)) return 'e2e';
  return WORDS.find(([, pattern]) => words.some((word) => pattern.test(word)))?.[0] ?? null;
}

/** Whether the job or its report says that an image was looked at. */
export function isAboutImage(job: string, file: string): boolean {
  return [...wordsOf(job), ...wordsOf(file)].some((word) => /^(images?|containers?|docker)$/.test(word));
}

function wordsOf(text: string): string[] {
  return text
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}
