import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** Standard input has no line. */
export class NoSecretGiven extends Error {
  override readonly name = 'NoSecretGiven';
}

/** Reads the first line of `input`; on a terminal with a prompt and without echo. */
export async function readSecret(
  input: NodeJS.ReadStream,
  prompt: string,
  writePrompt: (text: string) => void,
): Promise<string> {
  const discard = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = input.isTTY;
  if (terminal) writePrompt(prompt);
  const lines = createInterface({ input, output: discard, terminal });
  try {
    for await (const line of lines) return line;
  } finally {
    lines.close();
    if (terminal) writePrompt('\n');
  }
  throw new NoSecretGiven('standard input has no password');
}
