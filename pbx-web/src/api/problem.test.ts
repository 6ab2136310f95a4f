import { describe, expect, it } from 'vitest';
import { ApiError, problemFrom, unwrap } from './problem';

describe('an error answer', () => {
  it('names the fields that the server pointed at', () => {
    const error = problemFrom(422, {
      code: 'invalid',
      title: 'Invalid',
      detail: 'Check the form.',
      errors: [
        { field: '/number', code: 'taken', message: 'Taken.' },
        { field: '#/owner/e~1mail', code: 'x', message: 'No.' },
      ],
      request_id: 'r1',
    });
    expect(error.fields).toEqual({ number: { code: 'taken', message: 'Taken.' }, 'owner.e/mail': { code: 'x', message: 'No.' } });
    expect([error.status, error.code, error.message, error.requestId]).toEqual([422, 'invalid', 'Check the form.', 'r1']);
  });
  it('says which role would be needed', () => {
    expect(problemFrom(403, { code: 'forbidden', needed_role: 'customer_admin' }).neededRole).toBe('customer_admin');
    expect(problemFrom(403, { code: 'forbidden', needed_role: 'king' }).neededRole).toBeUndefined();
  });
  it('that is no problem document still has a status', () => {
    expect(problemFrom(502, '<html>')).toMatchObject({ status: 502, code: 'http_502' });
  });
  it('that never came is a network error', async () => {
    await expect(unwrap(Promise.reject(new TypeError('failed')))).rejects.toMatchObject({ status: 0, code: 'network' });
  });
  it('is thrown, not returned', async () => {
    const response = new Response(null, { status: 403 });
    await expect(unwrap(Promise.resolve({ error: { code: 'forbidden' }, response }))).rejects.toBeInstanceOf(ApiError);
  });
});
