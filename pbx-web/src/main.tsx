import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { RouterProvider } from 'react-router';
import { start } from './api/session';
import { startLanguage } from './i18n';
import { router } from './routes';
import './styles.css';

const root = document.getElementById('root');
if (!root) throw new Error('no #root in index.html');

// Who is signed in is asked while the words load.
void start();
await startLanguage();
createRoot(root).render(
  <StrictMode>
    <RouterProvider router={router} />
  </StrictMode>,
);
