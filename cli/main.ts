#!/usr/bin/env node
import { createDaemon } from '../daemon/daemon.ts';
import { runProcess } from './run-process.ts';

await runProcess(createDaemon);
