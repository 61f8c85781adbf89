/**
 * Counts a test run for its closing line, `N passed, N failed`, which CI looks for. Whatever goes wrong outside a test
 * counts as failed too: a file that does not load, a hook that throws, an unhandled error, a test that never ended.
 */
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

export class ClosingLine implements Reporter {
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    this.#passed = 0;
    this.#skipped = 0;
    this.#failed = unhandledErrors.length;
    for (const module of modules) this.#count(module);
  }

  #count(module: TestModule): void {
    for (const suite of [module, ...module.children.allSuites()]) {
      if (suite.errors().length > 0) this.#failed += 1;
    }
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') this.#passed += 1;
      else if (state === 'skipped') this.#skipped += 1;
      else this.#failed += 1;
    }
  }

  /** True when tests ran and nothing failed. */
  get good(): boolean {
    return this.#passed > 0 && this.#failed === 0;
  }

  get line(): string {
    const skipped = this.#skipped > 0 ? `, ${this.#skipped} skipped` : '';
    return `${this.#passed} passed, ${this.#failed} failed${skipped}`;
  }
}
