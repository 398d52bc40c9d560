import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { configureSync, getLogger, getTextFormatter, type LogRecord } from '@logtape/logtape';

const logLimitBytes = 2 ** 20;
const isVerbose = process.env['TESSERA_LOG'] === 'debug';

export function logFile(home: string): string {
  return join(home, 'logs', 'tessera.log');
}

/** Everything logged goes to one file, written at once: the line before a crash is the one that is wanted. */
export function setupLog(home: string): (error: unknown) => void {
  const file = logFile(home);
  mkdirSync(dirname(file), { recursive: true });
  keepOne(file);
  const format = getTextFormatter({ timestamp: 'rfc3339' });
  const lowestLevel = isVerbose ? 'debug' : 'info';
  configureSync({
    reset: true,
    sinks: {
      file: (record: LogRecord) => {
        appendFileSync(file, format(record));
      },
    },
    loggers: [
      { category: ['tessera'], sinks: ['file'], lowestLevel },
      { category: ['logtape', 'meta'], sinks: ['file'], lowestLevel: 'warning' },
    ],
  });
  const logger = getLogger(['tessera', 'desktop']);
  return (error) => {
    logger.error('{error}', { error: error instanceof Error ? (error.stack ?? error.message) : error });
  };
}

export function logLine(message: string, facts: Record<string, unknown> = {}): void {
  getLogger(['tessera', 'desktop']).info(message, facts);
}

/** The log of before stays beside the new one, so that it never grows without end. */
function keepOne(file: string): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > logLimitBytes) renameSync(file, `${file}.old`);
}
