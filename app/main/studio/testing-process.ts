import { createRouterClient } from '@orpc/server';
import * as v from 'valibot';
import { GenerationRequestSchema } from '#contract/request.ts';
import { createStudio } from './studio.ts';

/**
 * A studio for tests that kill it: `testing-process.ts DATA_FOLDER PICTURES REQUEST` submits so many pictures and says
 * what happens, one line each: `submitted`, `progress PHASE`, `engine PID`, `finished STATE`, `idle`.
 */
const [dataFolder = '', pictures = '0', request = '{}'] = process.argv.slice(2);
const studio = await createStudio({ dataFolder, host: 'browser' });
const client = createRouterClient(studio.router, { context: { trusted: false } });
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const stream = await client.events();
if (Number(pictures) > 0)
  await client.queue.submit({
    modelId: 'demo',
    request: v.parse(GenerationRequestSchema, JSON.parse(request)),
  });
say('submitted');
for await (const event of stream) {
  if (event.type === 'progress') say(`progress ${event.phase}`);
  if (event.type === 'started') say(`engine ${studio.engineProcessId()}`);
  if (event.type === 'finished') say(`finished ${event.generation.state}`);
  if (event.type === 'queue' && event.queue.items.length === 0) say('idle');
}
