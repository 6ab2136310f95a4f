import { afterEach, describe, expect, it, vi } from 'vitest';
import { api, get, letGo, queryClient } from './client';

const NODE = '/api/v1/platform/nodes/{node}';
const node = (id: string) => ({ ...get(NODE, { params: { path: { node: id } } }), staleTime: 0 });

describe('what is being deleted', () => {
  const asked = vi.spyOn(api, 'GET').mockImplementation((() => Promise.resolve({ data: { name: 'asked' }, response: new Response() })) as never);
  afterEach(() => {
    queryClient.clear();
    asked.mockClear();
  });

  it('is not asked for any more, and what shows it keeps what it knows', async () => {
    queryClient.setQueryData([...node('n1').queryKey], { name: 'known' });
    letGo({ node: 'n1' });
    expect(await queryClient.query(node('n1'))).toEqual({ name: 'known' });
    expect(asked).not.toHaveBeenCalled();
    expect(await queryClient.query(node('n2'))).toEqual({ name: 'asked' });
  });
  it('is asked for where nothing is known of it, so that its page says that it is gone', async () => {
    letGo({ node: 'n3' });
    expect(await queryClient.query(node('n3'))).toEqual({ name: 'asked' });
  });
  it('is asked for again when the deletion failed', async () => {
    queryClient.setQueryData([...node('n4').queryKey], { name: 'known' });
    letGo({ node: 'n4' })();
    expect(await queryClient.query(node('n4'))).toEqual({ name: 'asked' });
  });
});
