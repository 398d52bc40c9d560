import type { FullResult, Reporter, TestCase } from '@playwright/test/reporter';

/** Says why a test was skipped; the list reporter only counts them. */
export default class Reasons implements Reporter {
  readonly #skipped = new Map<string, string>();

  onTestEnd(test: TestCase): void {
    if (test.outcome() !== 'skipped') return;
    const reason = test.annotations.find(({ type }) => type === 'skip')?.description ?? 'no reason was given';
    this.#skipped.set(test.titlePath().filter(Boolean).join(' › '), reason);
  }

  onEnd(_result: FullResult): void {
    for (const [title, reason] of this.#skipped) process.stdout.write(`Skipped: ${title}: ${reason}\n`);
  }

  printsToStdio(): boolean {
    return false;
  }
}
