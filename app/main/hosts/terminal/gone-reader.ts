/** Who reads the output may go before the end (`tessera inspect … | head`): no reason to lose a picture, nor for a stack trace. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
