import { expect, test } from 'vitest';
import { formatTable } from './table.ts';

test('columns are as wide as their widest cell; numbers stand right', () => {
  const text = formatTable(
    [
      { title: 'side', align: 'left' },
      { title: 'ms', align: 'right' },
    ],
    [
      ['tessera', '9'],
      ['torch', '1000'],
    ],
  );
  expect(text.split('\n')).toEqual(['side       ms', '-------  ----', 'tessera     9', 'torch    1000']);
});

test('a missing cell is empty', () => {
  const columns = [
    { title: 'a', align: 'left' },
    { title: 'b', align: 'right' },
  ] as const;
  expect(
    formatTable(columns, [['x']])
      .split('\n')
      .at(-1),
  ).toBe('x');
});
