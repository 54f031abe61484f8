import { readFile } from 'node:fs/promises';
import { TlsUnusable } from './errors.ts';
import { errorMessage } from '../../../text/error-message.ts';

/** Files of a TLS connection, PEM. */
export interface TlsFiles {
  /** Certificates of the authorities that the switch's certificate is checked with. */
  readonly ca: string;
  /** Our own certificate and its private key: switches ask for one. */
  readonly certificate: string;
  readonly key: string;
}

/** What node:tls wants for either side. */
export interface TlsSecrets {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Reads the files at each connection, so that a renewed certificate is used. @throws TlsUnusable */
export async function readTlsFiles(files: TlsFiles | undefined): Promise<TlsSecrets> {
  if (files === undefined) {
    throw new TlsUnusable('an ssl: or pssl: target needs CA, certificate and key; none are given');
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
