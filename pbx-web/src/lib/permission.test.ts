import { describe, expect, it } from 'vitest';
import { atLeast, roleAt, type Standing } from './permission';

const anna: Standing[] = [{ role: 'customer_admin', tenant: 't1', customer: 'c1' }];
const partner: Standing[] = [{ role: 'tenant_admin', tenant: 't1' }];

describe('a role', () => {
  it('counts where it was given and below', () => {
    expect(roleAt(anna, { tenant: 't1', customer: 'c1' })).toBe('customer_admin');
    expect(roleAt(partner, { tenant: 't1', customer: 'c9' })).toBe('tenant_admin');
    expect(roleAt([{ role: 'platform_admin' }], { tenant: 't7', customer: 'c9' })).toBe('platform_admin');
  });
  it('counts nowhere else', () => {
    expect(roleAt(anna, { tenant: 't1', customer: 'c2' })).toBeNull();
    expect(roleAt(anna, { tenant: 't2', customer: 'c1' })).toBeNull();
    expect(roleAt(anna, { tenant: 't1' })).toBeNull();
    expect(roleAt(partner, { tenant: 't2' })).toBeNull();
    expect(roleAt(partner, {})).toBeNull();
  });
  it('includes the weaker ones', () => {
    expect(atLeast('customer_admin', 'manager')).toBe(true);
    expect(atLeast('manager', 'customer_admin')).toBe(false);
    expect(atLeast(null, 'user')).toBe(false);
  });
});
