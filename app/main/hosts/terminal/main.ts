#!/usr/bin/env node
import { runTerminal } from './program.ts';

process.exitCode = await runTerminal(process.argv.slice(2));
