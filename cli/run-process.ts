import type { CreateDaemon } from '../daemon/lifecycle.ts';
import { terminalOf } from '../platform/terminal.ts';
import { runProgram } from './program.ts';

/** What is still open after a command has ended may keep the process so long, ms. */
const LINGER_MS = 500;

/** Makes this process the command line: takes its arguments and streams, sets its exit code. */
export async function runProcess(createDaemon: CreateDaemon): Promise<void> {
  const argv = process.argv.slice(2);
  // A reader that goes away (| head) ends a command, but not the daemon: it only loses its log.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (argv[0] !== 'run') process.exit(0);
    });
  }
  process.exitCode = await runProgram(
    {
      stdout: terminalOf(process.stdout, process.env),
      stderr: terminalOf(process.stderr, process.env),
      env: process.env,
      createDaemon,
      exit: (code) => process.exit(code),
      now: () => performance.now(),
    },
    argv,
  );
  // Fires only when something is left that keeps the process: a daemon that did not stop.
  setTimeout(() => process.exit(), LINGER_MS).unref();
}
