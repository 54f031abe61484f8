#!/usr/bin/env node
import { runProcess } from './run-process.ts';

await runProcess(async () => (await import('../daemon/daemon.ts')).createDaemon);
