// Tests run the committed bundle in its world (test/action), the pure parts on their own (test/unit), and the world
// itself. Four at a time on two cores: for a good part of their time they wait.
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 4,
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'tmp/compile-cache') },
    // Tests of one file that run side by side wait more than they work.
    maxConcurrency: 16,
    // On a machine that is three times as slow as usual.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
