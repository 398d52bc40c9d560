import { runWorker } from '#engine/worker.ts';
import { connectParent } from '#engine/port.ts';
import { openCheckpoint } from '#library/checkpoint.ts';

/** Entry of the engine process: the engine, with the library that opens its models. */
const port = connectParent();
// Ctrl-C reaches every process of the terminal; the host decides what it means and sends a cancel.
process.on('SIGINT', () => undefined);
port.onClose(() => process.exit());
runWorker(port, { openCheckpoint });
