import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const root = import.meta.dirname;
/** Changes elsewhere do not change a figure. */
const code = ['app', 'bench', 'models', 'package-lock.json'].map((path) => `:/${path}`);

/** The commit that is measured, abbreviated, with a + where the code differs from it; "unknown" without git. */
export async function readCommit(): Promise<string> {
  const git = async (...args: string[]) =>
    (await promisify(execFile)('git', args, { cwd: root })).stdout.trim();
  try {
    const commit = await git('rev-parse', '--short=7', 'HEAD');
    return (await git('status', '--porcelain', '--', ...code)) === '' ? commit : `${commit}+`;
  } catch {
    // A folder that was unpacked rather than cloned has no history.
    return 'unknown';
  }
}
