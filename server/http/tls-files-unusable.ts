/** Certificate or key cannot be read, or they do not match. */
export class TlsFilesUnusable extends Error {
  override readonly name = 'TlsFilesUnusable';
}
