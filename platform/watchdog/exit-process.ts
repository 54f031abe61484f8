import koffi from 'koffi';

/** Ends the process with an exit code, from any thread. */
export type ExitProcess = (code: number) => void;

/**
 * In a worker, `process.exit` ends the worker alone, so this calls the system. Loads the library now:
 * when the process has to end, it may be unable to.
 */
export function processExit(): ExitProcess {
  const exit = koffi.load(null).func('void _exit(int status)');
  return (code) => {
    exit(code);
  };
}
