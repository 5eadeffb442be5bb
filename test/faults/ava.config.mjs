/** The stories of faults, `npm run test:faults`: one after the other, for each takes the whole machine. */
export default {
  files: ["test/faults/**/*.test.ts"],
  timeout: "300s",
  concurrency: 1,
  workerThreads: false,
  typescript: { rewritePaths: { "test/": "build/test/" }, compile: false },
};
