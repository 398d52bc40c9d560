const limitMs = 5000;

/** Waits for the studio to put everything away, but not for ever: what runs goes back to the queue at the next start anyway. */
export async function endWithin(dispose: () => Promise<void>, ms = limitMs): Promise<'ended' | 'too late'> {
  const limit = Promise.withResolvers<'too late'>();
  const timer = setTimeout(() => {
    limit.resolve('too late');
  }, ms);
  try {
    return await Promise.race([dispose().then(() => 'ended' as const), limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}
