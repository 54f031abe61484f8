/** Takes whole lines, newline included. */
export interface LineSink {
  write(line: string): void;
}
