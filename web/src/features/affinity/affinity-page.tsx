import { useQuery } from '@tanstack/react-query';
import { Magnet, Plus } from 'lucide-react';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { ForbiddenPage } from '@/components/states/forbidden-page';
import { EmptyState } from '@/components/states/empty-state';
import { ErrorState } from '@/components/states/error-state';
import { Page } from '@/components/states/page';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Menu, MenuItem, MenuLabel, MenuLine } from '@/components/ui/menu';
import { SkeletonRows } from '@/components/ui/skeleton';
import { toast } from '@/components/ui/toast';
import { useAllows } from '@/features/sessions/session-queries';
import { useProblemText } from '@/i18n/problem-text';
import { type Rule, rulesOptions, useSwapRules, useUpdateRule } from './affinity-queries';
import { ChannelFlush } from './channel-flush';
import { emptyRule, presets } from './presets';
import { type Draft, RuleDialog } from './rule-dialog';
import { type Question, RuleQuestion } from './rule-question';
import { RulesTable } from './rules-table';

export function AffinityPage() {
  const t = useTranslations('affinity');
  return useAllows('seeAffinity') ? <Rules /> : <ForbiddenPage title={t('title')} />;
}

function Rules() {
  const t = useTranslations('affinity');
  const say = useProblemText();
  const canChange = useAllows('changeAffinity');
  const rules = useQuery(rulesOptions);
  const update = useUpdateRule();
  const swap = useSwapRules();
  const [draft, setDraft] = useState<Draft | null>(null);
  const [question, setQuestion] = useState<Question | null>(null);
  const onError = (fault: unknown) => toast(say(fault), true);
  const toggle = (rule: Rule) => update.mutate({ rule, change: { enabled: !rule.enabled } }, { onError });
  const newRule = <NewRuleMenu onChoose={setDraft} />;
  return (
    <Page title={t('title')} lead={t('lead')} actions={canChange ? newRule : null}>
      <Card>
        {rules.isPending ? <SkeletonRows rows={8} className="h-13" /> : null}
        {rules.isError && !rules.data ? <ErrorState fault={rules.error} onRetry={() => void rules.refetch()} /> : null}
        {rules.data?.length === 0 ? (
          <EmptyState icon={Magnet} title={t('none')} action={canChange ? newRule : null}>
            {t('noneHint')}
          </EmptyState>
        ) : null}
        {rules.data && rules.data.length > 0 ? (
          <RulesTable
            rules={rules.data}
            isBusy={update.isPending || swap.isPending}
            actions={
              canChange
                ? {
                    onEdit: (rule) => setDraft({ rule }),
                    onFlush: (rule) => setQuestion({ rule, about: 'flush' }),
                    onDelete: (rule) => setQuestion({ rule, about: 'delete' }),
                    onToggle: toggle,
                    onMove: (rule, neighbour) => swap.mutate({ rule, neighbour }, { onError }),
                  }
                : null
            }
          />
        ) : null}
      </Card>
      {canChange ? <ChannelFlush /> : null}
      <RuleDialog draft={draft} onClose={() => setDraft(null)} />
      <RuleQuestion question={question} onClose={() => setQuestion(null)} />
    </Page>
  );
}

function NewRuleMenu({ onChoose }: { onChoose: (draft: Draft) => void }) {
  const t = useTranslations('affinity');
  return (
    <Menu
      trigger={
        <Button look="primary">
          <Plus className="size-4" aria-hidden /> {t('newRule')}
        </Button>
      }
    >
      <MenuLabel>{t('fromPreset')}</MenuLabel>
      {presets.map(({ key, rule }) => (
        <MenuItem key={key} onSelect={() => onChoose({ preset: rule })}>
          <span className="grow">{rule.name}</span>
          {rule.pinned ? <span className="text-xs text-faint">{t('pinnedBadge')}</span> : null}
        </MenuItem>
      ))}
      <MenuLine />
      <MenuItem onSelect={() => onChoose({ preset: emptyRule })}>{t('emptyRule')}</MenuItem>
    </Menu>
  );
}
