import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoopDelay, ServerMessage } from './measured-server.ts';

export interface MeasuredServer {
  readonly address: string;
  begin(): void;
  end(): Promise<LoopDelay>;
  stop(): Promise<void>;
}

export async function startMeasuredServer(home: string): Promise<MeasuredServer> {
  const child = fork(fileURLToPath(new URL('measured-server.ts', import.meta.url)), [home]);
  const hear = async (): Promise<ServerMessage> => ((await once(child, 'message')) as [ServerMessage])[0];
  const first = await hear();
  if (first.type !== 'address') throw new Error('The server said something else than its address.');
  return {
    address: first.address,
    begin: () => child.send('begin'),
    end: async () => {
      const answer = hear();
      child.send('end');
      const message = await answer;
      if (message.type !== 'delay') throw new Error('The server did not tell its delay.');
      return message.delay;
    },
    stop: async () => {
      const closed = once(child, 'close');
      // Its home is thrown away: nothing has to be put in order, and the engine ends with it.
      child.kill('SIGKILL');
      await closed;
    },
  };
}
