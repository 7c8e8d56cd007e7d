import '@/index.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Toasts } from '@/components/ui/toast';
import { meOptions } from '@/features/sessions/session-queries';
import { firstLocale, messagesOf } from '@/i18n/locale';
import { LocaleProvider } from '@/i18n/locale-provider';
import { createQueryClient } from './query-client';
import { createAppRouter, type AppRouter } from './router';

async function start(root: HTMLElement) {
  const locale = firstLocale();
  const messages = await messagesOf(locale);
  let router: AppRouter | undefined;
  const queryClient = createQueryClient(() => {
    // The guard of the pages sees that nobody is signed in and shows the door.
    queryClient.setQueryData(meOptions.queryKey, null);
    void router?.invalidate();
  });
  router = createAppRouter(queryClient);
  createRoot(root).render(
    <StrictMode>
      <LocaleProvider first={locale} firstMessages={messages}>
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
          <Toasts />
        </QueryClientProvider>
      </LocaleProvider>
    </StrictMode>,
  );
}

const root = document.getElementById('root');
if (root) {
  void start(root);
}
