import { readFile } from 'node:fs/promises';
import { TlsUnusable } from './errors.ts';
import { errorMessage } from '../../../text/error-message.ts';

/** Files of a TLS connection, PEM. */
export interface TlsFiles {
  /** CA certificates to verify the switch's certificate. */
  readonly ca: string;
  /** Our certificate and its private key; switches require one. */
  readonly certificate: string;
  readonly key: string;
}

/** Options of node:tls for client and server. */
export interface TlsSecrets {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * Reads the files for each connection, so that a renewed certificate is used. @throws TlsUnusable
 */
export async function readTlsFiles(files: TlsFiles | undefined): Promise<TlsSecrets> {
  if (files === undefined) {
    throw new TlsUnusable(
      'an ssl: or pssl: target needs a CA, a certificate and a key, which are not configured',
    );
  }
  try {
    const [ca, cert, key] = await Promise.all(
      [files.ca, files.certificate, files.key].map((file) => readFile(file)),
    );
    return { ca, cert, key };
  } catch (error) {
    const why = errorMessage(error);
    throw new TlsUnusable(`a TLS file cannot be read: ${why}`, { cause: error });
  }
}
