import { isatty } from 'node:tty';
import type { CreateDaemon } from '../daemon/lifecycle.ts';
import { exitProcess } from '../platform/watchdog/exit-process.ts';
import { terminalOf } from '../platform/terminal.ts';
import { runProgram } from './program.ts';

/** Time for which open handles can keep the process running after a command has ended, ms. */
const LINGER_MS = 500;

/** Runs the command line with the arguments and streams of this process, and sets its exit code. */
export async function runProcess(loadDaemon: () => Promise<CreateDaemon>): Promise<void> {
  const argv = process.argv.slice(2);
  // A closed pipe (| head) ends a command, but not the daemon, which only loses its log.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (argv[0] !== 'run') process.exit(0);
    });
  }
  const exitCode = await runProgram(
    {
      stdout: terminalOf(process.stdout, process.env),
      stderr: terminalOf(process.stderr, process.env),
      env: process.env,
      loadDaemon,
      ...(isatty(0) ? { keyInput: () => process.stdin } : {}),
      exit: (code) => void exitProcess(code),
      now: () => performance.now(),
    },
    argv,
  );
  process.exitCode = exitCode;
  // Fires only if an open handle keeps the process running, as of a daemon that did not stop.
  // `process.exit` would wait for a read of a file system that hangs.
  setTimeout(() => void exitProcess(exitCode), LINGER_MS).unref();
}
