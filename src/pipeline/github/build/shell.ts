/** GitHub's own, for a step that names no shell: without `pipefail`. */
const SHELL_DEFAULT = 'bash -e {0}';
const WINDOWS = ['cmd', 'powershell'];

/** How a step's script is run: our word or command line for the shell that it names, and why that cannot be done here. */
export function shellOf(name: string | null): { readonly command: string; readonly problem: string | null } {
  if (name === null) return { command: SHELL_DEFAULT, problem: null };
  if (WINDOWS.includes(name)) {
    return { command: name, problem: `the shell ${name} is a part of Windows; use bash, sh, python or pwsh` };
  }
  return { command: name, problem: null };
}
