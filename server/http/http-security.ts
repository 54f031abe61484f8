import { createSecureContext } from 'node:tls';
import type { HttpConfig } from '../../config/config.ts';
import { fileErrorText } from '../../platform/file-error.ts';
import { FileWatcher } from '../../platform/file-watcher.ts';
import type { Log } from '../../platform/log.ts';
import { Authenticator } from './authenticator.ts';
import { readCredentials } from './credentials.ts';
import type { KeyPair } from '../core/limited-server.ts';
import { MAX_CERTIFICATE_BYTES, readRegularFile } from '../../platform/regular-file.ts';
import { readSecretFile } from '../../platform/secret-file.ts';
import { errorMessage } from '../../text/error-message.ts';

/** Certificate or key cannot be read, or they do not match. */
export class TlsFilesUnusable extends Error {
  override readonly name = 'TlsFilesUnusable';
}

/** The files with the server's credentials, certificate and key. */
export type SecurityFiles = Pick<HttpConfig, 'tls' | 'tokenFile' | 'users'>;

/** The server's secrets as of the last reading in which all files were valid. */
export class HttpSecurity {
  /** Undefined: no authentication. */
  readonly authenticator: Authenticator | undefined;
  /** Certificate and key as read at the start; undefined: no TLS. */
  readonly keys: KeyPair | undefined;
  readonly #files: SecurityFiles;
  readonly #log: Log;
  readonly #watcher: FileWatcher;
  #onKeys: (keys: KeyPair) => void = () => {};

  private constructor(files: SecurityFiles, log: Log, watcher: FileWatcher) {
    this.#files = files;
    this.#log = log;
    this.#watcher = watcher;
    this.keys = readKeys(files);
    const authenticates = files.tokenFile !== undefined || files.users !== undefined;
    this.authenticator = authenticates ? new Authenticator(readCredentials(files)) : undefined;
  }

  /**
   * Reads the files, and watches them from now on.
   *
   * @throws TlsFilesUnusable, SecretFileUnusable, SecretFileExposed
   */
  static async load(files: SecurityFiles, log: Log): Promise<HttpSecurity> {
    let security: HttpSecurity | undefined;
    const watcher = new FileWatcher({
      what: 'files of the HTTP server',
      files: pathsOf(files),
      onChange: async () => security?.reload(),
      log,
    });
    // Watched first, so that no change after the reading is missed.
    await watcher.start();
    try {
      security = new HttpSecurity(files, log, watcher);
      return security;
    } catch (error) {
      await watcher.close();
      throw error;
    }
  }

  /** Calls `listener` with certificate and key after each reload. */
  onKeys(listener: (keys: KeyPair) => void): void {
    this.#onKeys = listener;
  }

  /** Reads the files again. On an error it logs and keeps the previous contents. */
  reload(): void {
    if (pathsOf(this.#files).length === 0) return;
    try {
      // All or nothing: a certificate is often replaced a moment before its key.
      const keys = readKeys(this.#files);
      const credentials = readCredentials(this.#files);
      if (keys !== undefined) this.#onKeys(keys);
      this.authenticator?.replaceCredentials(credentials);
      this.#log.info('reloaded the certificate, token and users of the HTTP server');
    } catch (error) {
      const why = errorMessage(error);
      this.#log.error(
        { error: why },
        'cannot use the files of the HTTP server; it continues with their previous contents',
      );
    }
  }

  close(): Promise<void> {
    return this.#watcher.close();
  }
}

/**
 * Checks that all the files can be used.
 *
 * @throws TlsFilesUnusable, SecretFileUnusable, SecretFileExposed
 */
export function checkSecurityFiles(files: SecurityFiles): void {
  readKeys(files);
  readCredentials(files);
}

function pathsOf({ tls, tokenFile, users }: SecurityFiles): readonly string[] {
  return [tls?.certificate, tls?.key, tokenFile, users].filter((path) => path !== undefined);
}

function readKeys({ tls }: SecurityFiles): KeyPair | undefined {
  if (tls === undefined) return undefined;
  const keys = {
    cert: readCertificate(tls.certificate),
    key: readSecretFile(tls.key, 'http.tls.key'),
  };
  try {
    createSecureContext(keys);
  } catch (error) {
    const why = errorMessage(error);
    throw new TlsFilesUnusable(
      `${tls.certificate} and ${tls.key} ("http.tls") cannot be used together: ${why}; ` +
        'both must be PEM, and the key must belong to the first certificate',
      { cause: error },
    );
  }
  return keys;
}

function readCertificate(file: string): Buffer {
  try {
    return readRegularFile(file, MAX_CERTIFICATE_BYTES);
  } catch (error) {
    throw new TlsFilesUnusable(
      `cannot read ${file} ("http.tls.certificate"): ${fileErrorText(error)}`,
      { cause: error },
    );
  }
}
