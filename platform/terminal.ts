/** Paints text, or returns it unchanged where colours are off. */
type Paint = (text: string) => string;

export interface Colours {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

/** Where output goes, and what it can show. */
export interface Terminal {
  write(text: string): void;
  /** Bytes written and not read yet. */
  backlog(): number;
  /** True when a person looks at it: it can be redrawn. */
  readonly interactive: boolean;
  /** Size in characters; read for every drawing. */
  size(): { readonly columns: number; readonly rows: number };
  readonly colours: Colours;
}

/** Colours on or off (ECMA-48, select graphic rendition). */
export function coloursOf(on: boolean): Colours {
  const paint =
    (start: number, end: number): Paint =>
    (text) =>
      on && text !== '' ? `\u001B[${start}m${text}\u001B[${end}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
  };
}

/**
 * A stream as a terminal. Colours and redrawing only where it is one; NO_COLOR (no-color.org) and
 * TERM=dumb are honoured.
 */
export function terminalOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Terminal {
  const interactive = stream.isTTY && env.TERM !== 'dumb';
  const plain = env.NO_COLOR !== undefined && env.NO_COLOR !== '';
  return {
    write: (text) => {
      stream.write(text);
    },
    backlog: () => stream.writableLength,
    interactive,
    size: () => ({ columns: stream.columns ?? 100, rows: stream.rows ?? 30 }),
    colours: coloursOf(interactive && !plain),
  };
}
