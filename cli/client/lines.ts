import { StringDecoder } from 'node:string_decoder';

/** A line is longer than whoever reads it allows. */
export class LineTooLong extends Error {
  override readonly name = 'LineTooLong';
}

/**
 * The lines of a stream, without their ends; a last line without end is left out. Rejects as the
 * stream does, or with LineTooLong. (node:readline lets a stream's errors go uncaught.)
 */
export async function* linesOf(
  stream: AsyncIterable<Buffer>,
  longest: number,
): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > longest) {
      throw new LineTooLong(`a line has more than ${longest} characters`);
    }
  }
}
