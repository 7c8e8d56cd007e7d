import { ArrowDown, ArrowUp, Ellipsis, Eraser, Pencil, Trash2 } from 'lucide-react';
import { useTranslations } from 'use-intl';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Menu, MenuItem, MenuLine } from '@/components/ui/menu';
import { Switch } from '@/components/ui/switch';
import { Table, Td, Th, Tr } from '@/components/ui/table';
import { useTime } from '@/i18n/use-time';
import { cn } from '@/lib/cn';
import type { Rule } from './affinity-queries';

export type RuleActions = {
  onEdit: (rule: Rule) => void;
  onFlush: (rule: Rule) => void;
  onDelete: (rule: Rule) => void;
  onToggle: (rule: Rule) => void;
  onMove: (rule: Rule, neighbour: Rule) => void;
};

type RulesTableProps = { rules: readonly Rule[]; isBusy: boolean; actions: RuleActions | null };

/** Rules in the order they are looked through; without actions for those who only read. */
export function RulesTable({ rules, isBusy, actions }: RulesTableProps) {
  const t = useTranslations('affinity');
  const { duration } = useTime();
  return (
    <Table label={t('title')}>
      <thead>
        <tr>
          {actions ? <Th className="w-0">{t('order')}</Th> : null}
          <Th>{t('rule')}</Th>
          <Th>{t('appliesTo')}</Th>
          <Th>{t('source')}</Th>
          <Th>{t('ttl')}</Th>
          <Th>{t('enabled')}</Th>
          {actions ? (
            <Th className="w-0">
              <span className="sr-only">{t('actions')}</span>
            </Th>
          ) : null}
        </tr>
      </thead>
      <tbody>
        {rules.map((rule, i) => (
          <Tr key={rule.id}>
            {actions ? (
              <Td>
                <Order rule={rule} before={rules[i - 1]} after={rules[i + 1]} isBusy={isBusy} onMove={actions.onMove} />
              </Td>
            ) : null}
            <Td>
              <RuleName rule={rule} />
            </Td>
            <Td className="font-mono text-xs">
              <span className={cn('block', !rule.path && 'text-faint')}>{rule.path ?? t('everyPath')}</span>
              <span className={cn('block', !rule.model && 'text-faint')}>{rule.model ?? t('everyModel')}</span>
            </Td>
            <Td className="max-w-72 font-mono text-xs break-words">{rule.source}</Td>
            <Td className="whitespace-nowrap tabular-nums">{duration(rule.ttl_seconds * 1000)}</Td>
            <Td>
              <Switch
                checked={rule.enabled} disabled={!actions || isBusy} aria-label={t('enabledOf', { name: rule.name })}
                onCheckedChange={() => actions?.onToggle(rule)}
              />
            </Td>
            {actions ? (
              <Td>
                <RuleMenu rule={rule} actions={actions} />
              </Td>
            ) : null}
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

function RuleName({ rule }: { rule: Rule }) {
  const t = useTranslations('affinity');
  const { moment, duration } = useTime();
  return (
    <>
      <span className="flex flex-wrap items-center gap-1.5">
        <span className="font-medium">{rule.name}</span>
        {rule.pinned ? <Badge tone="note" title={t('pinnedHint')}>{t('pinnedBadge')}</Badge> : null}
        {rule.unbind_after_ms ? <Badge>{t('unbindBadge', { time: duration(rule.unbind_after_ms) })}</Badge> : null}
      </span>
      {rule.flushed_at ? (
        <span className="block text-xs text-faint">{t('flushedAt', { time: moment(rule.flushed_at) })}</span>
      ) : null}
    </>
  );
}

type OrderProps = {
  rule: Rule;
  before: Rule | undefined;
  after: Rule | undefined;
  isBusy: boolean;
  onMove: RuleActions['onMove'];
};

function Order({ rule, before, after, isBusy, onMove }: OrderProps) {
  const t = useTranslations('affinity');
  return (
    <span className="flex">
      <Button
        look="quiet" size="iconSm" aria-label={t('up', { name: rule.name })} disabled={!before || isBusy}
        onClick={() => before && onMove(rule, before)}
      >
        <ArrowUp className="size-3.5" aria-hidden />
      </Button>
      <Button
        look="quiet" size="iconSm" aria-label={t('downwards', { name: rule.name })} disabled={!after || isBusy}
        onClick={() => after && onMove(rule, after)}
      >
        <ArrowDown className="size-3.5" aria-hidden />
      </Button>
    </span>
  );
}

function RuleMenu({ rule, actions }: { rule: Rule; actions: RuleActions }) {
  const t = useTranslations('affinity');
  return (
    <Menu
      trigger={
        <Button look="quiet" size="iconSm" aria-label={t('actionsOf', { name: rule.name })}>
          <Ellipsis className="size-4" aria-hidden />
        </Button>
      }
    >
      <MenuItem onSelect={() => actions.onEdit(rule)}>
        <Pencil className="size-4 text-faint" aria-hidden /> {t('edit')}
      </MenuItem>
      <MenuItem onSelect={() => actions.onFlush(rule)}>
        <Eraser className="size-4 text-faint" aria-hidden /> {t('flush')}
      </MenuItem>
      <MenuLine />
      <MenuItem isDanger onSelect={() => actions.onDelete(rule)}>
        <Trash2 className="size-4" aria-hidden /> {t('delete')}
      </MenuItem>
    </Menu>
  );
}
