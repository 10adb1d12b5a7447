/** Stands for the folder of a job. No variable and no path can hold it. */
const MARK = '\0';

/** The text with a mark for the folder of the job, which is another one in each run. */
export function withoutFolder(text: string, folder: string): string {
  return text.replaceAll(folder, MARK);
}

/** Undoes `withoutFolder` for the folder of another run. */
export function withFolder(text: string, folder: string): string {
  return text.replaceAll(MARK, folder);
}

/** Whether `withFolder` gives back what `withoutFolder` was given. */
export function canMark(text: string): boolean {
  return !text.includes(MARK);
}
