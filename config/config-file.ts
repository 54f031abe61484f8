import type { BackendConfig, Config } from './config.ts';

/**
 * The settings of the file, checked against the schema and with its defaults; paths are not resolved,
 * and the backend's adapter may be missing.
 */
export interface ConfigFile extends Omit<Config, 'file' | 'backend'> {
  readonly backend: Omit<BackendConfig, 'adapter'> & Partial<Pick<BackendConfig, 'adapter'>>;
}
