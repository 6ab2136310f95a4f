import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { createMemoryRouter, RouterProvider } from 'react-router';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { startLanguage } from '@/i18n';
import { List, useList } from './list';

beforeAll(startLanguage);
beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }));
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function Page() {
  const list = useList(['name'], 'name');
  const query = { data: { items: [{ name: list.search }], total: 1 } } as never;
  return <List<{ name: string }> list={list} query={query} label="Rows" searchLabel="Search" rowKey={(row) => row.name} columns={[{ key: 'name', header: 'Name', cell: (row) => row.name }]} empty={null} />;
}

function typing() {
  let arrive: () => void = () => {};
  const there = new Promise<{ element: null }>((resolve) => {
    arrive = () => resolve({ element: null });
  });
  const router = createMemoryRouter([
    { path: '/', element: <Page /> },
    { path: '/there', lazy: () => there },
  ]);
  render(<RouterProvider router={router} />);
  fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'bageri' } });
  return { router, arrive };
}

it('what was typed is searched for a moment later', () => {
  const { router } = typing();
  act(() => void vi.advanceTimersByTime(300));
  expect(router.state.location.search).toBe('?search=bageri');
});

it('a page that is on its way arrives, whatever was typed just before', async () => {
  const { router, arrive } = typing();
  const going = router.navigate('/there');
  vi.advanceTimersByTime(300);
  await act(async () => {
    arrive();
    await going;
  });
  expect(router.state.location.pathname).toBe('/there');
});
