import { styleText } from 'node:util';

/** Colours text, or returns it unchanged if colours are off. */
type Paint = (text: string) => string;

export interface Colours {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

/** An output stream and its capabilities. */
export interface Terminal {
  write(text: string): void;
  /** Bytes that were written and not read yet. */
  backlog(): number;
  /** True for a terminal that can be redrawn. */
  readonly interactive: boolean;
  /** Current size, characters. */
  size(): { readonly columns: number; readonly rows: number };
  readonly colours: Colours;
}

/** Colours on or off. */
export function coloursOf(on: boolean): Colours {
  const paint =
    (style: keyof Colours): Paint =>
    (text) =>
      on && text !== '' ? styleText(style, text, { validateStream: false }) : text;
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
    cyan: paint('cyan'),
  };
}

/** Values of FORCE_COLOR that enable colours, as in Node; any other value disables them. */
/** Assumed where a stream does not know its size, or says 0, as a serial console does. */
const COLUMNS = 100;
const ROWS = 30;

const FORCED: ReadonlySet<string> = new Set(['', '1', '2', '3', 'true']);

/**
 * A stream as a terminal. It is interactive if it is a TTY and TERM is not "dumb". Then it has colours
 * unless NO_COLOR (no-color.org) is set. FORCE_COLOR overrides both.
 */
export function terminalOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Terminal {
  const interactive = stream.isTTY && env.TERM !== 'dumb';
  const { NO_COLOR: no, FORCE_COLOR: force } = env;
  const wanted = interactive && (no === undefined || no === '');
  return {
    write: (text) => {
      stream.write(text);
    },
    backlog: () => stream.writableLength,
    interactive,
    size: () => ({ columns: stream.columns || COLUMNS, rows: stream.rows || ROWS }),
    colours: coloursOf(force === undefined ? wanted : FORCED.has(force)),
  };
}
