-- The control plane may run as a role that owns nothing (TOKENHUB_MIGRATION_DATABASE_URL): partitions of usage by day
-- are then made with the owner's rights, and by this function alone.
alter function ensure_usage_day(date) security definer;
alter function ensure_usage_day(date) set search_path from current;
