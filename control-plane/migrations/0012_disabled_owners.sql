-- The channels of a disabled user stop with him, so his status is part of what a snapshot shows.

create trigger users_status_changed after update of status
  on users for each row when (old.status is distinct from new.status) execute function raise_snapshot_version();
