import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { packageRoot } from '../platform/package-root.ts';
import type {
  CollectorConfig,
  Config,
  DecisionsConfig,
  HttpConfig,
  InfluxConfig,
} from './config.ts';
import type { ConfigFile } from './config-file.ts';
import { checkCollectorFiles } from './collector-checks.ts';
import { crossCheck } from './cross-checks.ts';
import { checkInfluxFiles } from './influx-checks.ts';
import { JsonDocument } from '../text/json-document.ts';
import { byPlace, type Problem } from '../text/problem.ts';
import { ConfigError, ConfigUnreadable } from './config-error.ts';
import { configWords } from './config-words.ts';
import { runtimeFolder, stateFolder } from './runtime-folder.ts';
import { schemaProblems } from '../text/schema-problems.ts';

/**
 * Reads and checks a configuration file, and the files with secrets of servers that it names.
 *
 * @throws ConfigUnreadable when the file cannot be read
 * @throws ConfigError with all errors in it
 */
export async function loadConfig(shownAs: string): Promise<Config> {
  const file = resolve(shownAs);
  const document = documentOf(await readText(shownAs), shownAs);
  const settings = checked(document);
  const unusable = await Promise.all([
    checkInfluxFiles(settings, document, dirname(file)),
    checkCollectorFiles(settings, document, dirname(file)),
  ]);
  throwAll([...crossCheck(settings, document), ...unusable.flat()]);
  return resolved(settings, file);
}

/**
 * Checks the text of a configuration file, without the files that it names.
 *
 * @param file absolute path; relative paths in the file are relative to its folder
 * @throws ConfigError with all errors in it
 */
export function parseConfig(text: string, file: string): Config {
  const document = documentOf(text, file);
  const settings = checked(document);
  throwAll(crossCheck(settings, document));
  return resolved(settings, file);
}

function documentOf(text: string, shownAs: string): JsonDocument {
  const document = new JsonDocument(shownAs, text, 'jsonc');
  throwAll(document.problems);
  return document;
}

function throwAll(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new ConfigError(problems.toSorted(byPlace));
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ConfigUnreadable(file, error);
  }
}

function checked(document: JsonDocument): ConfigFile {
  const validate = validator();
  const settings: unknown = structuredClone(document.value);
  if (validate(settings)) return settings;
  throw new ConfigError(
    schemaProblems(document, validate.errors ?? [], configWords).toSorted(byPlace),
  );
}

/** Compiled once, at the first use: that takes far longer than checking a file. */
const validator = once((): ValidateFunction<ConfigFile> => {
  const schema = JSON.parse(
    readFileSync(join(packageRoot(), 'config', 'config.schema.json'), 'utf8'),
  );
  return new Ajv2020({ allErrors: true, useDefaults: true, verbose: true }).compile<ConfigFile>(
    schema,
  );
});

function once<T>(create: () => T): () => T {
  let created: { readonly value: T } | undefined;
  return () => (created ??= { value: create() }).value;
}

function resolved(settings: ConfigFile, file: string): Config {
  const control = resolve(runtimeFolder(), settings.control.path);
  const { node, fastPath, poll, planner, onExit, decisions, http, influx, guests, log } = settings;
  const state = stateFolder() ?? dirname(control);
  const defaultAdapter = node.adapter === 'ovs' ? 'auto' : 'emulator';
  return {
    file,
    node,
    backend: { ...settings.backend, adapter: settings.backend.adapter ?? defaultAdapter },
    ...(fastPath === undefined
      ? {}
      : { fastPath: { ...fastPath, journal: resolve(runtimeFolder(), fastPath.journal) } }),
    poll,
    planner,
    policies: settings.policies.map((policy) => resolve(dirname(file), policy)),
    onExit,
    decisions: resolvedDecisions(decisions, dirname(file)),
    http: resolvedHttp(http, dirname(file)),
    ...(influx === undefined ? {} : { influx: resolvedInflux(influx, dirname(file)) }),
    ...(guests === undefined
      ? {}
      : { guests: { ...guests, directory: resolve(dirname(file), guests.directory) } }),
    ...(settings.sriov === undefined
      ? {}
      : { sriov: { ...settings.sriov, journal: resolve(state, settings.sriov.journal) } }),
    ...(settings.receiveFilters === undefined
      ? {}
      : {
          receiveFilters: {
            ...settings.receiveFilters,
            journal: resolve(state, settings.receiveFilters.journal),
          },
        }),
    ...(settings.connections === undefined ? {} : { connections: settings.connections }),
    hold: { file: resolve(state, settings.hold.file) },
    control: { path: control },
    log,
  };
}

function resolvedHttp(http: HttpConfig, folder: string): HttpConfig {
  const { tls, tokenFile, users } = http;
  return {
    ...http,
    ...(tls === undefined
      ? {}
      : { tls: { certificate: resolve(folder, tls.certificate), key: resolve(folder, tls.key) } }),
    ...(tokenFile === undefined ? {} : { tokenFile: resolve(folder, tokenFile) }),
    ...(users === undefined ? {} : { users: resolve(folder, users) }),
    hostNames: http.hostNames.map((name) => name.toLowerCase()),
  };
}

function resolvedDecisions(decisions: DecisionsConfig, folder: string): DecisionsConfig {
  const { file, collector } = decisions;
  return {
    ...decisions,
    ...(file === undefined ? {} : { file: resolve(folder, file) }),
    ...(collector === undefined ? {} : { collector: resolvedFiles(collector, folder) }),
  };
}

function resolvedFiles(collector: CollectorConfig, folder: string): CollectorConfig {
  const { tokenFile, caFile } = collector;
  return {
    ...collector,
    ...(tokenFile === undefined ? {} : { tokenFile: resolve(folder, tokenFile) }),
    ...(caFile === undefined ? {} : { caFile: resolve(folder, caFile) }),
  };
}

function resolvedInflux(influx: InfluxConfig, folder: string): InfluxConfig {
  const { passwordFile, tokenFile, caFile } = influx;
  return {
    ...influx,
    ...(passwordFile === undefined ? {} : { passwordFile: resolve(folder, passwordFile) }),
    ...(tokenFile === undefined ? {} : { tokenFile: resolve(folder, tokenFile) }),
    ...(caFile === undefined ? {} : { caFile: resolve(folder, caFile) }),
  };
}
