/** Says what takes a while; on standard error, for standard output is for results. */
export function progress(text: string): void {
  console.error(`▸ ${text}`);
}
