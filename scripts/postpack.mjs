#!/usr/bin/env node
// Runs after `npm pack`: removes the copy of the lock, which has precedence over package-lock.json.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './setup/root.mjs';

await rm(join(root, 'npm-shrinkwrap.json'), { force: true });
