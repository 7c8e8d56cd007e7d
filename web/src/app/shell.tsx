import { Outlet } from '@tanstack/react-router';
import { Menu as MenuIcon } from 'lucide-react';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { OfflineBanner } from '@/components/states/offline-banner';
import { Button } from '@/components/ui/button';
import { Dialog, DialogBody } from '@/components/ui/dialog';
import { AccountMenu } from './account-menu';
import { LocaleMenu } from './locale-menu';
import { Brand, SideNav } from './side-nav';
import { ThemeMenu } from './theme-menu';

/** What stands around each page behind the door. */
export function Shell() {
  const t = useTranslations('shell');
  const [isNavOpen, setNavOpen] = useState(false);
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[14rem_1fr]">
      <a
        href="#content"
        className={
          'sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-md '
          + 'focus:bg-accent focus:px-3 focus:py-2 focus:text-on-accent'
        }
      >
        {t('skip')}
      </a>
      <aside className="border-r border-line bg-raised max-lg:hidden">
        <div className="sticky top-0 flex max-h-dvh flex-col gap-6 overflow-y-auto px-3 py-3.5">
          <div className="px-2">
            <Brand />
          </div>
          <SideNav />
        </div>
      </aside>
      <div className="flex min-w-0 flex-col">
        <header
          className={
            'sticky top-0 z-30 flex h-13 items-center gap-1 border-b border-line bg-raised/90 px-3 '
            + 'backdrop-blur sm:px-4'
          }
        >
          <Button
            look="quiet" size="icon" className="lg:hidden" aria-label={t('openNav')} onClick={() => setNavOpen(true)}
          >
            <MenuIcon className="size-4.5" aria-hidden />
          </Button>
          <span className="lg:hidden">
            <Brand />
          </span>
          <span className="grow" />
          <LocaleMenu />
          <ThemeMenu />
          <AccountMenu />
        </header>
        <OfflineBanner />
        <main id="content" tabIndex={-1} className="grow outline-none">
          <Outlet />
        </main>
      </div>
      <Dialog open={isNavOpen} onOpenChange={setNavOpen} title={t('pages')} place="side">
        <DialogBody>
          <SideNav onLeave={() => setNavOpen(false)} />
        </DialogBody>
      </Dialog>
    </div>
  );
}
