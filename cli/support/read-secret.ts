import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** There was no line to read. */
export class NoSecretGiven extends Error {
  override readonly name = 'NoSecretGiven';
}

/** The first line of `input`; on a terminal it is asked for, and not shown while it is typed. */
export async function readSecret(
  input: NodeJS.ReadStream,
  prompt: string,
  writePrompt: (text: string) => void,
): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = input.isTTY;
  if (terminal) writePrompt(prompt);
  const lines = createInterface({ input, output: nowhere, terminal });
  try {
    for await (const line of lines) return line;
  } finally {
    lines.close();
    if (terminal) writePrompt('\n');
  }
  throw new NoSecretGiven('standard input has no password');
}
