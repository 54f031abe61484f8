import { type Debugger, type InspectorNotification, Session } from 'node:inspector';

/** Frames that are reported. */
const MAX_FRAMES = 20;

/**
 * The JavaScript stack of the main thread, innermost frame first. Called from a worker. Empty when the
 * main thread does not stop in JavaScript within `timeoutMs`: it is blocked in a system call.
 *
 * The main thread stays paused.
 */
export function mainThreadStack(timeoutMs: number): Promise<readonly string[]> {
  return new Promise((resolve) => {
    setTimeout(() => resolve([]), timeoutMs);
    try {
      const session = new Session();
      // Frames name their script by its id alone.
      const files = new Map<string, string>();
      session.connectToMainThread();
      session.on(
        'Debugger.scriptParsed',
        ({ params }: InspectorNotification<Debugger.ScriptParsedEventDataType>) =>
          void files.set(params.scriptId, params.url),
      );
      session.on(
        'Debugger.paused',
        ({ params }: InspectorNotification<Debugger.PausedEventDataType>) =>
          resolve(params.callFrames.slice(0, MAX_FRAMES).map((frame) => frameText(frame, files))),
      );
      session.post('Debugger.enable');
      session.post('Debugger.pause');
    } catch {
      // Node was built without an inspector.
      resolve([]);
    }
  });
}

function frameText(
  { functionName, location }: Debugger.CallFrame,
  files: ReadonlyMap<string, string>,
): string {
  const { scriptId, lineNumber, columnNumber = 0 } = location;
  const name = functionName === '' ? '(anonymous)' : functionName;
  return `${name} (${files.get(scriptId) ?? 'unknown'}:${lineNumber + 1}:${columnNumber + 1})`;
}
