src/deep/one.ts
