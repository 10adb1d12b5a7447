import tseslint from 'typescript-eslint';

export default tseslint.config({
  files: ['**/*.ts'],
  ignores: ['dist/**', 'reports/**'],
  languageOptions: { parser: tseslint.parser },
  rules: {
    // What an attacker could use.
    'no-eval': 'error',
    'no-implied-eval': 'error',
    'no-new-func': 'error',
    'no-script-url': 'error',
    // Told of every function; how much is too much, the gates say.
    complexity: ['warn', 0],
  },
});
