/** Time to load the library that ends the process with an exit code, ms. */
const LOAD_MS = 1_000;

/**
 * Ends the process from any thread, with an exit code. In a worker, `process.exit` ends the worker
 * alone, so this calls the system. If that is not possible, it kills the process.
 *
 * The library is loaded only now: a native library that is being loaded when its worker ends aborts the
 * process.
 */
export async function exitProcess(code: number): Promise<void> {
  const kill = (): void => void process.kill(process.pid, 'SIGKILL');
  setTimeout(kill, LOAD_MS);
  try {
    const { default: koffi } = await import('koffi');
    koffi.load(null).func('void _exit(int status)')(code);
  } catch {
    kill();
  }
}
