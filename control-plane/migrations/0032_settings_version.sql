-- Whoever saves settings that somebody else has changed meanwhile is told, and takes nothing back unseen.
alter table settings add column version bigint not null default 1;
