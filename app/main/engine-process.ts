import { enableCompileCache } from 'node:module';

/** Entry of the engine process: the engine, with the library that opens its models. */
enableCompileCache();
const [{ connectParent }, { runWorker }, { openCheckpoint }] = await Promise.all([
  import('#engine/port.ts'),
  import('#engine/worker.ts'),
  import('#library/checkpoint.ts'),
]);

const port = connectParent();
// Ctrl-C reaches every process of the terminal; the host decides what it means and sends a cancel.
process.on('SIGINT', () => undefined);
port.onClose(() => process.exit());
runWorker(port, { openCheckpoint });
