-- The audit log only grows: not even a mistake in the control plane can rewrite it.

create function refuse_rewrite() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are never changed or deleted', tg_table_name using errcode = 'restrict_violation';
end $$;

create trigger audit_events_append_only before update or delete on audit_events
  for each row execute function refuse_rewrite();

create trigger audit_events_no_truncate before truncate on audit_events
  for each statement execute function refuse_rewrite();

create index audit_events_target on audit_events (target, id desc);
