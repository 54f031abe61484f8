import { StringDecoder } from 'node:string_decoder';

/** A line is longer than the reader allows. */
export class LineTooLong extends Error {
  override readonly name = 'LineTooLong';
}

/**
 * The lines of a stream without line breaks; drops an unterminated last line. Rejects with the
 * stream's error, or with LineTooLong. (With node:readline, errors of the stream are uncaught.)
 */
export async function* linesOf(
  stream: AsyncIterable<Buffer>,
  maxCharacters: number,
): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > maxCharacters) {
      throw new LineTooLong(`a line is longer than ${maxCharacters} characters`);
    }
  }
}
