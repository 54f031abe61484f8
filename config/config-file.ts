import type { BackendConfig, Config } from './config.ts';

/**
 * The settings as they stand in the file, checked against the schema and with its defaults, but
 * with paths as written and the backend's adapter still open.
 */
export interface ConfigFile extends Omit<Config, 'file' | 'backend'> {
  readonly backend: Omit<BackendConfig, 'adapter'> & Partial<Pick<BackendConfig, 'adapter'>>;
}
