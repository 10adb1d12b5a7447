src/other/two.ts
