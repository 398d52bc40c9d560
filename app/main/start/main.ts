import { enableCompileCache } from 'node:module';

/** `npm start`. What is compiled once is kept: stripping types and compiling would be a third of the start. */
enableCompileCache();
const { start } = await import('./start.ts');
process.exitCode = await start(process.argv.slice(2));
