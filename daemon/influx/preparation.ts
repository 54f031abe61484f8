import type { InfluxClient, Credentials } from '../../telemetry/influx/client.ts';
import { InfluxStatementFailed } from '../../telemetry/influx/errors.ts';
import { SinkUnavailable } from '../../telemetry/shipping/errors.ts';
import type { InfluxConfig } from '../../config/config.ts';
import type { Log } from '../../platform/log.ts';
import { FileReader, FileReadTimeout } from '../../platform/regular-file.ts';
import {
  readSecretLine,
  SecretFileExposed,
  SecretFileUnusable,
} from '../../platform/secret-file.ts';

/**
 * Runs before points are written, and again after InfluxDB rejects a write: reads the secret, so
 * that a new one needs no restart, and creates database and retention policy if configured.
 */
export class InfluxPreparation {
  readonly #config: InfluxConfig;
  readonly #client: InfluxClient;
  readonly #log: Log;
  readonly #reader: FileReader;
  /** The credentials in force. */
  #credentials: Credentials | undefined;
  /** Errors that were logged already: an outage causes many preparations. */
  readonly #logged = new Set<string>();

  constructor(
    config: InfluxConfig,
    client: InfluxClient,
    log: Log,
    reader: FileReader = new FileReader(),
  ) {
    this.#config = config;
    this.#client = client;
    this.#log = log;
    this.#reader = reader;
  }

  /** @throws {SinkUnavailable} when InfluxDB cannot be written to */
  async run(signal: AbortSignal): Promise<void> {
    this.#credentials = await this.#read(signal);
    this.#client.setCredentials(this.#credentials);
    if (!this.#config.create) return;
    try {
      await this.#create(signal);
    } catch (error) {
      const denied = error instanceof SinkUnavailable && error.kind === 'unauthorized';
      if (!denied && !(error instanceof InfluxStatementFailed)) throw error;
      // Both may exist already, and the user may have only the right to write.
      this.#warnOnce(
        error.message,
        'could not create the InfluxDB database or retention policy; does it exist?',
      );
    }
  }

  async #create(signal: AbortSignal): Promise<void> {
    const { retention } = this.#config;
    await this.#client.createDatabase(signal);
    if (retention === undefined) return;
    const { policy, duration } = retention;
    if (await this.#client.createRetentionPolicy(policy, duration, signal)) return;
    this.#warnOnce(
      `retention policy "${policy}" does not have the duration ${duration}`,
      'the retention policy already exists and was not changed',
    );
  }

  async #read(signal: AbortSignal): Promise<Credentials> {
    try {
      return await credentialsOf(this.#config, this.#reader, signal);
    } catch (error) {
      const known = error instanceof SecretFileExposed || error instanceof SecretFileUnusable;
      if (!known) throw error;
      if (!(error.cause instanceof FileReadTimeout) || this.#credentials === undefined) {
        throw new SinkUnavailable('unauthorized', error.message);
      }
      this.#warnOnce(error.message, 'the previous InfluxDB credentials stay in use');
      return this.#credentials;
    }
  }

  #warnOnce(error: string, message: string): void {
    if (this.#logged.has(error)) return;
    this.#logged.add(error);
    this.#log.warn({ error }, message);
  }
}

async function credentialsOf(
  { username, passwordFile, tokenFile }: InfluxConfig,
  reader: FileReader,
  signal: AbortSignal,
): Promise<Credentials> {
  const read = (path: string, setting: string): Promise<string> =>
    readSecretLine({ path, setting, reader, signal });
  if (tokenFile !== undefined) {
    return { kind: 'token', token: await read(tokenFile, 'influx.tokenFile') };
  }
  if (username === undefined || passwordFile === undefined) return { kind: 'none' };
  return { kind: 'password', username, password: await read(passwordFile, 'influx.passwordFile') };
}
