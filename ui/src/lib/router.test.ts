import { expect, test } from 'vitest';
import { itemPath, parse } from './router.svelte';

test.each([
  ['/', '', { page: 'case' }],
  ['/items', '', { page: 'items' }],
  ['/items/', '', { page: 'items' }],
  ['/items/01JD7Q4M', '', { page: 'item', id: '01JD7Q4M', at: null }],
  ['/items/01JD7Q4M', '?at=s0010', { page: 'item', id: '01JD7Q4M', at: 's0010' }],
  ['/items/01JD7Q4M/custody', '', { page: 'item-custody', id: '01JD7Q4M' }],
  ['/items/01JD7Q4M/other', '', { page: 'unknown' }],
  ['/items/..%2f', '', { page: 'unknown' }],
  ['/search', '?q=words', { page: 'search' }],
  ['/claims', '', { page: 'unknown' }],
  ['/search/more', '', { page: 'unknown' }],
])('%s%s', (path, query, route) => {
  expect(parse(path, query)).toEqual(route);
});

test('an address holds ids only', () => {
  expect(itemPath('01JD7Q4M')).toBe('/items/01JD7Q4M');
  expect(itemPath('01JD7Q4M', 'c1/100')).toBe('/items/01JD7Q4M?at=c1%2F100');
});
