/** One project, native ESM, TypeScript stripped by swc. Every suite gets its own databases from one embedded PostgreSQL. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {},
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' }, experimental: { keepImportAttributes: true } },
        module: { type: 'es6' },
      },
    ],
  },
  setupFiles: ['<rootDir>/tests/support/one-at-a-time.mjs'],
  globalSetup: '<rootDir>/tests/support/global-setup.ts',
  globalTeardown: '<rootDir>/tests/support/global-teardown.ts',
  testSequencer: '<rootDir>/tests/support/longest-first.mjs',
  // Against a hang only: on a busy machine everything takes longer, and nothing is wrong with that.
  testTimeout: 300_000,
  // For two cores: suites wait for processes, sockets and PostgreSQL an eighth of their time, in which a third one works.
  maxWorkers: 3,
};
