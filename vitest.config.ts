import { defineConfig } from 'vitest/config';
import { LongFirst } from './test/support/long-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/temporary-folder.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores, and most files start real processes: more workers only make the clock-bound ones slower.
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    reporters: ['default', './test/support/closing-line.ts'],
  },
});
