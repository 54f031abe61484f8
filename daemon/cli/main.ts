#!/usr/bin/env node
import process from 'node:process';
import { createDaemon } from '../daemon.ts';
import { terminalOf } from '../view/terminal.ts';
import { runProgram } from './program.ts';

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
