import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { Button } from './button';
import { Dialog, DialogBody, DialogFooter } from './dialog';

type ConfirmProps = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  children: ReactNode;
  action: ReactNode;
  isDanger?: boolean;
  busy?: boolean;
  onConfirm: () => void;
};

/** Asks once more before what cannot be taken back. */
export function Confirm({ open, onOpenChange, title, children, action, isDanger, busy, onConfirm }: ConfirmProps) {
  const t = useTranslations('common');
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={title}>
      <DialogBody className="text-[13px] text-soft">{children}</DialogBody>
      <DialogFooter>
        <Button onClick={() => onOpenChange(false)}>{t('cancel')}</Button>
        <Button look={isDanger ? 'danger' : 'primary'} busy={busy ?? false} onClick={onConfirm}>
          {action}
        </Button>
      </DialogFooter>
    </Dialog>
  );
}
