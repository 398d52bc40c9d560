import { describe, expect, it } from 'vitest';
import { EngineError } from '#contract/errors.ts';
import { describeExit, withRemedies, type MemoryOutlook } from './exit.ts';

const GB = 1e9;
const square = (px: number) => ({ widthPx: px, heightPx: px });
/** A stand-in for what the engine tells of a job before it begins. */
const outlook = (estimatedBytes: number, freeBytes: number): MemoryOutlook => ({
  estimatedBytes,
  freeBytes,
  remedies: [{ what: 'size', size: square(512), of: square(1024), savedBytes: 3.1 * GB }],
});
const killed = { code: null, signal: 'SIGKILL', lastWords: '' };

describe('describeExit, with stand-ins for the ends of a process', () => {
  it('takes a kill for the system’s where memory was known to be tight, and says what would help', () => {
    const error = describeExit(killed, outlook(7.5 * GB, 8 * GB));
    expect(error.code).toBe('ENGINE_OUT_OF_MEMORY');
    expect(error.message).toContain('about 7.5 GB, and 8.0 GB was free');
    expect(error.message).toContain('512×512 instead of 1024×1024 px: 3.1 GB less');
  });

  it('does not take it for that where there was room', () => {
    expect(describeExit(killed, outlook(2 * GB, 8 * GB)).code).toBe('ENGINE_DIED');
    expect(describeExit(killed).code).toBe('ENGINE_DIED');
  });

  it.each([
    'terminate called after throwing an instance of std::bad_alloc',
    'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
    'RangeError: Array buffer allocation failed',
  ])('knows the last words of a process without memory: %s', (lastWords) => {
    const error = describeExit({ code: null, signal: 'SIGABRT', lastWords }, outlook(GB, 8 * GB));
    expect(error.code).toBe('ENGINE_OUT_OF_MEMORY');
    expect(error.details['remedies']).toHaveLength(1);
  });
});

describe('withRemedies', () => {
  it('adds to failures for want of memory alone', () => {
    const other = new EngineError('ENGINE_FAILED', 'No.');
    expect(withRemedies(other, outlook(GB, GB))).toBe(other);
    const full = withRemedies(new EngineError('ENGINE_OUT_OF_MEMORY', 'Memory ran out.'), outlook(GB, GB));
    expect(full.message).toMatch(/^Memory ran out\. What would help most/);
  });
});
