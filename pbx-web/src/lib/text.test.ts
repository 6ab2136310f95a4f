import { describe, expect, it } from 'vitest';
import { duration } from './format';
import { safeNext } from './paths';
import { orgNumber, slugOf } from './text';

describe('text', () => {
  it('suggests an address from a Swedish company name', () => {
    expect(slugOf('Åkes Bageri AB')).toBe('akes-bageri');
    expect(slugOf('Öberg & Söner Måleri HB')).toBe('oberg-soner-maleri');
    expect(slugOf('  ')).toBe('');
  });
  it('groups an organisation number while it is typed', () => {
    expect(orgNumber('5566')).toBe('5566');
    expect(orgNumber('5566778899')).toBe('556677-8899');
    expect(orgNumber('165566778899')).toBe('556677-8899');
  });
  it('counts time as people read it', () => {
    expect(duration(7)).toBe('0:07');
    expect(duration(3729)).toBe('1:02:09');
  });
  it('never follows a foreign address after signing in', () => {
    expect(safeNext('/me')).toBe('/me');
    expect(safeNext('//evil.example')).toBeNull();
    expect(safeNext('/\\evil.example')).toBeNull();
    expect(safeNext('https://evil.example')).toBeNull();
  });
});
