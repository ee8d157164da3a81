import { expect, test } from 'vitest';
import { free, isSign, nameOf, shown, type Press } from './keys';

const press = (key: string, code: string, mods: Partial<Press> = {}): Press => ({ key, code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...mods });

test.each([
  [press('l', 'KeyL'), 'L'],
  [press('N', 'KeyN', { shiftKey: true }), 'Shift+N'],
  [press('д', 'KeyL'), 'L'],
  [press('Т', 'KeyN', { shiftKey: true }), 'Shift+N'],
  [press('л', 'KeyK', { ctrlKey: true }), 'Mod+K'],
  [press('k', 'KeyK', { metaKey: true }), 'Mod+K'],
  [press('?', 'Slash', { shiftKey: true }), '?'],
  [press('/', 'Digit7', { shiftKey: true }), '/'],
  [press('-', 'Slash'), '-'],
  [press('х', 'BracketLeft'), '['],
  [press('ю', 'Period'), '.'],
  [press(' ', 'Space'), 'Space'],
  [press('ArrowLeft', 'ArrowLeft', { shiftKey: true }), 'Shift+ArrowLeft'],
  [press('F8', 'F8'), 'F8'],
  [press('ї', 'BracketRight'), ']'],
])('a press is named by what it means, in any layout (%#)', (e, name) => {
  expect(nameOf(e)).toBe(name);
});

test('text fields keep their keys, buttons keep Space and Enter, sliders keep arrows; F-keys work everywhere', () => {
  const body = { tag: 'BODY', type: '', role: '', editable: false };
  const field = { ...body, tag: 'INPUT', type: 'search' };
  const button = { ...body, tag: 'BUTTON' };
  const slider = { ...body, role: 'slider' };
  expect([free('L', body), free('Space', body), free('ArrowUp', body)]).toEqual([true, true, true]);
  expect([free('L', field), free('Space', field), free('/', field), free('F8', field), free('Mod+K', field)]).toEqual([false, false, false, true, true]);
  expect(free('Shift+F8', field)).toBe(true);
  expect([free('Space', button), free('Enter', button), free('L', button), free('ArrowDown', button)]).toEqual([false, false, true, true]);
  expect([free('ArrowLeft', slider), free('Space', slider)]).toEqual([false, true]);
  expect(free('L', { ...body, editable: true })).toBe(false);
  expect(free('ArrowDown', { ...body, tag: 'SELECT' })).toBe(false);
});

test('only single letters and signs can be switched off', () => {
  expect(['L', 'Shift+N', '?', '['].every(isSign)).toBe(true);
  expect(['F2', 'Space', 'ArrowLeft', 'Mod+K', 'G C'].some(isSign)).toBe(false);
});

test('keycaps: one for keys pressed together, one after another for a chord', () => {
  const same = (name: string): string => name;
  expect(shown('Mod+K', same)).toEqual(['Ctrl K']);
  expect(shown('G C', same)).toEqual(['G', 'C']);
  expect(shown('Shift+ArrowLeft', same)).toEqual(['Shift Left']);
  expect(shown('=', same)).toEqual(['=']);
  expect(shown('?', same)).toEqual(['?']);
});
