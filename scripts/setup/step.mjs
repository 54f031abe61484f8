import { spawn } from 'node:child_process';
import { root } from './root.mjs';

/** A step of the set-up failed; its message says what to do. */
export class SetupFailed extends Error {
  /** @override */
  name = 'SetupFailed';
}

/**
 * Prints a line about the set-up on standard error, because standard output is for the program that
 * runs afterwards.
 *
 * @param {string} text
 */
export function say(text) {
  console.error(`▸ ${text}`);
}

/**
 * Runs a command; prints its output only if it fails.
 *
 * @param {string} what a progress line, printed if the command takes longer than 400 ms
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ env?: Record<string, string>, timeoutMs: number }} options
 * @returns {Promise<string>} its standard output
 */
export function step(what, file, args, options) {
  const startedMs = performance.now();
  let announced = false;
  const announce = setTimeout(() => {
    announced = true;
    say(`${what} …`);
  }, 400);
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: root,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Before Node 24, the time-out of `spawn` itself stays active if the program is missing.
    const limit = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs);
    const clearTimers = () => {
      clearTimeout(announce);
      clearTimeout(limit);
    };
    let stdout = '';
    let all = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      all += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      all += text;
    });
    child.once('error', (error) => {
      clearTimers();
      reject(new SetupFailed(`${what}: cannot run ${file}: ${error.message}`));
    });
    child.once('close', (code, signal) => {
      clearTimers();
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      if (code === 0) {
        if (announced) say(`${what}: done in ${seconds} s`);
        resolve(stdout);
        return;
      }
      const how = signal === null ? `exit code ${code}` : `${signal} after ${seconds} s`;
      reject(new SetupFailed(`${what}: ${file} ended with ${how}\n${all.trim()}`));
    });
  });
}

/**
 * Runs the main function of a script; a failed set-up prints its message and exits with code 1.
 *
 * @param {() => Promise<unknown>} main
 */
export async function runScript(main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof SetupFailed ? `✖ ${error.message}` : error);
    process.exitCode = 1;
  }
}
