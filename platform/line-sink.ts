/** A destination of whole lines, including the newline. */
export interface LineSink {
  write(line: string): void;
}
