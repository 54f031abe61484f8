import { createSecureContext } from 'node:tls';
import { SerialQueue } from '../../async/serial-queue.ts';
import type { HttpConfig } from '../../config/config.ts';
import { fileErrorText } from '../../platform/file-error.ts';
import { FileWatcher } from '../../platform/file-watcher.ts';
import type { Log } from '../../platform/log.ts';
import { Authenticator } from './authenticator.ts';
import { type Credentials, readCredentials } from './credentials.ts';
import type { KeyPair } from '../core/limited-server.ts';
import { FileReader, MAX_CERTIFICATE_BYTES } from '../../platform/regular-file.ts';
import { readSecretFile } from '../../platform/secret-file.ts';
import { TlsFilesUnusable } from './tls-files-unusable.ts';
import { errorMessage } from '../../text/error-message.ts';

/** The files with the server's credentials, certificate and key. */
export type SecurityFiles = Pick<HttpConfig, 'tls' | 'tokenFile' | 'users'>;

/** The valid content of the files. */
interface Secrets {
  readonly keys: KeyPair | undefined;
  readonly credentials: Credentials;
}

/** The server's secrets as of the last reading in which all files were valid. */
export class HttpSecurity {
  /** Undefined: no authentication. */
  readonly authenticator: Authenticator | undefined;
  /** Certificate and key as read at the start; undefined: no TLS. */
  readonly keys: KeyPair | undefined;
  readonly #files: SecurityFiles;
  readonly #reader: FileReader;
  readonly #log: Log;
  readonly #watcher: FileWatcher;
  readonly #reloads = new SerialQueue();
  #onKeys: (keys: KeyPair) => void = () => {};

  private constructor(
    files: SecurityFiles,
    reader: FileReader,
    log: Log,
    watcher: FileWatcher,
    { keys, credentials }: Secrets,
  ) {
    this.#files = files;
    this.#reader = reader;
    this.#log = log;
    this.#watcher = watcher;
    this.keys = keys;
    const authenticates = files.tokenFile !== undefined || files.users !== undefined;
    this.authenticator = authenticates ? new Authenticator(credentials) : undefined;
  }

  /**
   * Reads the files, and watches them from now on.
   *
   * @throws TlsFilesUnusable, SecretFileUnusable, SecretFileExposed
   */
  static async load(
    files: SecurityFiles,
    log: Log,
    reader = new FileReader(),
  ): Promise<HttpSecurity> {
    let security: HttpSecurity | undefined;
    let changed = false;
    const watcher = new FileWatcher({
      what: 'files of the HTTP server',
      files: pathsOf(files),
      onChange: async () => {
        changed = true;
        await security?.reload();
      },
      log,
    });
    // Watched first, so that no change after the reading is missed.
    await watcher.start();
    try {
      security = new HttpSecurity(files, reader, log, watcher, await readSecrets(files, reader));
      if (changed) await security.reload();
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

  /** Reads the files again. On an error it logs and keeps the previous contents. Never rejects. */
  async reload(): Promise<void> {
    if (pathsOf(this.#files).length === 0) return;
    await this.#reloads.run(() => this.#reload()).catch((error: unknown) => this.#keep(error));
  }

  async #reload(): Promise<void> {
    // All or nothing: a certificate is often replaced a moment before its key.
    const { keys, credentials } = await readSecrets(this.#files, this.#reader);
    if (keys !== undefined) this.#onKeys(keys);
    this.authenticator?.replaceCredentials(credentials);
    this.#log.info('reloaded the certificate, token and users of the HTTP server');
  }

  #keep(error: unknown): void {
    this.#log.error(
      { error: errorMessage(error) },
      'cannot use the files of the HTTP server; it continues with their previous contents',
    );
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
export async function checkSecurityFiles(files: SecurityFiles): Promise<void> {
  await readSecrets(files, new FileReader());
}

async function readSecrets(files: SecurityFiles, reader: FileReader): Promise<Secrets> {
  const keys = await readKeys(files, reader);
  return { keys, credentials: await readCredentials(files, reader) };
}

function pathsOf({ tls, tokenFile, users }: SecurityFiles): readonly string[] {
  return [tls?.certificate, tls?.key, tokenFile, users].filter((path) => path !== undefined);
}

async function readKeys({ tls }: SecurityFiles, reader: FileReader): Promise<KeyPair | undefined> {
  if (tls === undefined) return undefined;
  const keys = {
    cert: await readCertificate(tls.certificate, reader),
    key: await readSecretFile({ path: tls.key, setting: 'http.tls.key', reader }),
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

async function readCertificate(path: string, reader: FileReader): Promise<Buffer> {
  try {
    return await reader.read({ path, maxBytes: MAX_CERTIFICATE_BYTES });
  } catch (error) {
    throw new TlsFilesUnusable(
      `cannot read ${path} ("http.tls.certificate"): ${fileErrorText(error)}`,
      { cause: error },
    );
  }
}
