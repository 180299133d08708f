import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['**/src/**/*.test.ts', 'tools/**/*.test.ts'],
    globalSetup: ['server/src/testing/postgres-server.setup.ts'],
    reporters: ['default', './tools/vitest-summary-reporter.ts'],
    // Most tests wait for a database or another process: on two cores, one worker leaves a core idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Key generation, child processes and a starting PostgreSQL take their time on a small machine.
    testTimeout: 30_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: ['server/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/*.contract.ts', '**/*.fault-child.ts', 'server/src/testing/**'],
      thresholds: { lines: 80 },
    },
  },
})
