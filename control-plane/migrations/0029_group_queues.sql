-- Bounds of a group's own for the line in front of its full channels; null: as the settings of routing say.

alter table channel_groups
  add column queue_max     integer check (queue_max >= 0),
  add column queue_wait_ms integer check (queue_wait_ms >= 0);
