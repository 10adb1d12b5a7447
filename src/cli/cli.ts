import type { CliPorts } from './ports.ts';

/**
 * The command line: performs the command that `argv` (without program and script) holds and resolves to the exit code: 0
 * done, also with warnings; 1 failed or cancelled; 2 the command or a file was wrong; 3 Sluice itself could not; 4 waiting.
 * Never rejects.
 */
export async function runCli(argv: readonly string[], ports: CliPorts): Promise<number> {
  // Asked by scripts all the time, and answered without loading anything.
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    ports.out.write(`${ports.version}\n`);
    return 0;
  }
  const { performCommand } = await import('./program.ts');
  return performCommand(argv, ports);
}
