/** The text contains something other than hexadecimal digits. */
export class HexInvalid extends Error {
  override readonly name = 'HexInvalid';

  constructor(line: number, column: number, problem: string) {
    super(`line ${line}, column ${column}: ${problem}`);
  }
}

/** An OpenFlow message starts with its version; a first byte from here on starts text. */
const FIRST_TEXT = 0x10;
const WHITE_SPACE = /\s/;
/** Characters that are allowed between bytes. */
const SEPARATOR = /[\s:,-]/;
const DIGIT = /[0-9a-fA-F]/;

/**
 * The bytes in `chunks`: unchanged if the first byte can be an OpenFlow version, otherwise parsed as
 * hexadecimal. White space, colons, commas and hyphens may separate bytes, `0x` may precede a byte,
 * and `#` starts a comment until the end of the line.
 *
 * @throws HexInvalid
 */
export async function* openflowBytes(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let hex: HexReader | undefined;
  let binary = false;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    if (!binary && hex === undefined) {
      binary = chunk[0] < FIRST_TEXT && !WHITE_SPACE.test(String.fromCharCode(chunk[0]));
      if (!binary) hex = new HexReader();
    }
    yield hex === undefined ? chunk : hex.push(chunk);
  }
  hex?.finish();
}

/** Parses hexadecimal digits chunk by chunk. */
class HexReader {
  #line = 1;
  #column = 0;
  /** First digit of an incomplete byte, if any. */
  #high: number | undefined;
  #inComment = false;

  push(chunk: Uint8Array): Uint8Array {
    const bytes = new Uint8Array((chunk.length >> 1) + 1);
    let length = 0;
    for (const code of chunk) {
      const character = String.fromCharCode(code);
      this.#column++;
      if (character === '\n') {
        this.#newLine();
      } else if (this.#inComment) {
        continue;
      } else if (DIGIT.test(character)) {
        const digit = Number.parseInt(character, 16);
        if (this.#high === undefined) {
          this.#high = digit;
        } else {
          bytes[length++] = this.#high * 16 + digit;
          this.#high = undefined;
        }
      } else {
        this.#betweenBytes(character, code);
      }
    }
    return bytes.subarray(0, length);
  }

  /** @throws HexInvalid when the last byte has one digit */
  finish(): void {
    if (this.#high !== undefined) throw this.#invalid('the last byte has only one digit');
  }

  #newLine(): void {
    if (this.#high !== undefined) throw this.#invalid('a byte has only one digit');
    this.#line++;
    this.#column = 0;
    this.#inComment = false;
  }

  #betweenBytes(character: string, code: number): void {
    if (character.toLowerCase() === 'x' && this.#high === 0) {
      this.#high = undefined;
      return;
    }
    const printable = code > 0x20 && code < 0x7f;
    const shown = printable ? `"${character}"` : `the byte 0x${code.toString(16).padStart(2, '0')}`;
    if (!SEPARATOR.test(character) && character !== '#') {
      throw this.#invalid(`${shown} is neither a hexadecimal digit nor an OpenFlow version`);
    }
    if (this.#high !== undefined) throw this.#invalid('a byte has only one digit');
    this.#inComment = character === '#';
  }

  #invalid(problem: string): HexInvalid {
    return new HexInvalid(this.#line, Math.max(1, this.#column), problem);
  }
}
