/** Prints progress to standard error; standard output is for results. */
export function progress(text: string): void {
  console.error(`▸ ${text}`);
}
