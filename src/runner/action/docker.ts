import { KeepProblem } from '../problem.ts';
export async function performImage(..._: unknown[]): Promise<never> {
  throw new KeepProblem('docker actions cannot be performed yet');
}
export const performDocker = performImage;
export const performPostEntrypoint = performImage;
