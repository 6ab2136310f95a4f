import js from '@eslint/js';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** What a layer must not import: `ui, lib <- api <- features <- portals <- routes`. */
const layer = (files, ...forbidden) => ({
  files: [`src/${files}/**/*.{ts,tsx}`],
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: [{ regex: `^@/(${forbidden.join('|')})(/|$)`, message: 'A layer knows only the layers below it.' }] },
    ],
  },
});

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'src/api/schema.gen.ts', 'public', 'coverage'] },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: ['./tsconfig.json', './tsconfig.node.json', './e2e/tsconfig.json'] } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-invalid-void-type': 'off',
    },
  },
  {
    files: ['src/**/*.tsx'],
    extends: [jsxA11y.flatConfigs.strict, reactHooks.configs.flat.recommended],
    settings: {
      'jsx-a11y': { components: { Button: 'button', Input: 'input' } },
    },
    rules: {
      'jsx-a11y/aria-role': ['error', { ignoreNonDOM: true }],
      // A list of options is a list; its role says the rest.
      'jsx-a11y/no-noninteractive-element-to-interactive-role': ['error', { ul: ['listbox'], li: ['option'] }],
    },
  },
  layer('lib', 'api', 'features', 'portals', 'ui', 'routes'),
  layer('ui', 'api', 'features', 'portals', 'routes'),
  layer('api', 'features', 'portals', 'ui', 'routes'),
  layer('features', 'portals', 'routes'),
  layer('portals', 'routes'),
  { files: ['scripts/**/*.mjs', '*.config.js'], languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } } },
);
