#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// Stripping types and compiling take a third of the start otherwise; the cache lies in the system's folder for such things.
enableCompileCache();
const { outliveReaders } = await import('./gone-reader.ts');
outliveReaders();
const { runTerminal } = await import('./program.ts');
process.exitCode = await runTerminal(process.argv.slice(2));
