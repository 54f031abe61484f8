import type { CreateDaemon } from '../daemon/lifecycle.ts';
import { terminalOf } from '../platform/terminal.ts';
import { runProgram } from './program.ts';

/** Time for which open handles can keep the process running after a command has ended, ms. */
const LINGER_MS = 500;

/** Runs the command line with the arguments and streams of this process, and sets its exit code. */
export async function runProcess(createDaemon: CreateDaemon): Promise<void> {
  const argv = process.argv.slice(2);
  // A closed pipe (| head) ends a command, but not the daemon, which only loses its log.
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
  // Fires only if an open handle keeps the process running, as of a daemon that did not stop.
  setTimeout(() => process.exit(), LINGER_MS).unref();
}
