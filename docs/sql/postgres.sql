-- Views for Postgres, written by npm run generate. Load each line of a stream's files, unchanged,
-- into the column record of its table <stream>_lines; a line that is loaded twice does no harm. <stream> then has the
-- latest version of each record that exists, <stream>_history every version. Other columns: see custom.
--
-- kustomer.ids is for reconciliations, and may stay empty: a row for each id of each complete stream, and then one
-- without an id. as_of is that of the manifest, since the "from" of the stream, or null where that is empty.

CREATE TABLE IF NOT EXISTS kustomer.ids (stream text, as_of timestamptz, since timestamptz, id text);

CREATE TABLE IF NOT EXISTS kustomer.conversations_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.conversations;
DROP VIEW IF EXISTS kustomer.conversations_history;
CREATE VIEW kustomer.conversations_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  CASE WHEN record->>'modified_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'modified_at')::timestamptz END AS "modified_at",
  CASE WHEN record->>'imported_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'imported_at')::timestamptz END AS "imported_at",
  CASE WHEN record->>'rev' ~ '^-?\d{1,18}$' THEN (record->>'rev')::bigint END AS "rev",
  record->>'external_id' AS "external_id",
  record->>'default_lang' AS "default_lang",
  record->>'locale' AS "locale",
  record->'tags' AS "tags",
  record->'custom' AS "custom",
  record->'role_group_versions' AS "role_group_versions",
  record->'access_override' AS "access_override",
  record->'sentiment' AS "sentiment",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  record->'created_by' AS "created_by",
  record->'created_by'->>'id' AS "created_by_id",
  record->'modified_by' AS "modified_by",
  record->'modified_by'->>'id' AS "modified_by_id",
  record->'customer' AS "customer",
  record->'customer'->>'id' AS "customer_id",
  record->'queue' AS "queue",
  record->'queue'->>'id' AS "queue_id",
  record->'sla_version' AS "sla_version",
  record->'sla_version'->>'id' AS "sla_version_id",
  record->>'name' AS "name",
  record->>'preview' AS "preview",
  record->'channels' AS "channels",
  record->>'status' AS "status",
  record->'open' AS "open",
  record->'snooze' AS "snooze",
  CASE WHEN record->>'priority' ~ '^-?\d{1,18}$' THEN (record->>'priority')::bigint END AS "priority",
  record->>'direction' AS "direction",
  record->>'phase' AS "phase",
  CASE WHEN record->>'message_count' ~ '^-?\d{1,18}$' THEN (record->>'message_count')::bigint END AS "message_count",
  CASE WHEN record->>'note_count' ~ '^-?\d{1,18}$' THEN (record->>'note_count')::bigint END AS "note_count",
  CASE WHEN record->>'outbound_message_count' ~ '^-?\d{1,18}$' THEN (record->>'outbound_message_count')::bigint END AS "outbound_message_count",
  CASE WHEN record->>'inbound_message_count' ~ '^-?\d{1,18}$' THEN (record->>'inbound_message_count')::bigint END AS "inbound_message_count",
  CASE WHEN record->>'done_count' ~ '^-?\d{1,18}$' THEN (record->>'done_count')::bigint END AS "done_count",
  CASE WHEN record->>'reopen_count' ~ '^-?\d{1,18}$' THEN (record->>'reopen_count')::bigint END AS "reopen_count",
  CASE WHEN record->>'reopen_from_done_count' ~ '^-?\d{1,18}$' THEN (record->>'reopen_from_done_count')::bigint END AS "reopen_from_done_count",
  CASE WHEN record->>'snooze_count' ~ '^-?\d{1,18}$' THEN (record->>'snooze_count')::bigint END AS "snooze_count",
  CASE WHEN record->>'satisfaction' ~ '^-?\d{1,18}$' THEN (record->>'satisfaction')::bigint END AS "satisfaction",
  record->'satisfaction_level' AS "satisfaction_level",
  CASE WHEN record->>'last_activity_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'last_activity_at')::timestamptz END AS "last_activity_at",
  CASE WHEN record->>'last_received_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'last_received_at')::timestamptz END AS "last_received_at",
  CASE WHEN record->>'last_message_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'last_message_at')::timestamptz END AS "last_message_at",
  record->>'last_message_direction' AS "last_message_direction",
  CASE WHEN record->>'spam' ~ '^(true|false)$' THEN (record->>'spam')::boolean END AS "spam",
  CASE WHEN record->>'ended' ~ '^(true|false)$' THEN (record->>'ended')::boolean END AS "ended",
  CASE WHEN record->>'ended_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'ended_at')::timestamptz END AS "ended_at",
  record->>'ended_reason' AS "ended_reason",
  record->>'ended_by_type' AS "ended_by_type",
  record->'suggested_tags' AS "suggested_tags",
  record->'suggested_shortcuts' AS "suggested_shortcuts",
  record->'predictions' AS "predictions",
  record->'first_message_in' AS "first_message_in",
  record->'first_message_out' AS "first_message_out",
  record->'last_message_in' AS "last_message_in",
  record->'last_message_out' AS "last_message_out",
  record->'last_message_unresponded_to' AS "last_message_unresponded_to",
  record->'last_message_unresponded_to_since_last_done' AS "last_message_unresponded_to_since_last_done",
  record->'assigned_users' AS "assigned_users",
  record->'assigned_teams' AS "assigned_teams",
  record->'first_company' AS "first_company",
  record->'first_response' AS "first_response",
  record->'first_response_since_last_done' AS "first_response_since_last_done",
  record->'last_response' AS "last_response",
  record->'first_done' AS "first_done",
  record->'last_done' AS "last_done",
  record->'total_open' AS "total_open",
  record->'total_done' AS "total_done",
  record->'total_snooze' AS "total_snooze",
  record->'modification_history' AS "modification_history",
  record->'assistant' AS "assistant",
  record->'matched_time_based_rules' AS "matched_time_based_rules",
  record->>'reply_channel' AS "reply_channel",
  record->'external_queue' AS "external_queue",
  record->'sla' AS "sla",
  record->'attribution' AS "attribution",
  record->'skills' AS "skills",
  record->'last_deflection' AS "last_deflection",
  record->'linked_conversations' AS "linked_conversations",
  CASE WHEN record->>'merged_target' ~ '^(true|false)$' THEN (record->>'merged_target')::boolean END AS "merged_target",
  CASE WHEN record->>'pinned' ~ '^(true|false)$' THEN (record->>'pinned')::boolean END AS "pinned",
  record->'brand' AS "brand",
  record->'brand'->>'id' AS "brand_id",
  record->'ended_by' AS "ended_by",
  record->'ended_by'->>'id' AS "ended_by_id",
  record->'pinned_by' AS "pinned_by",
  record->'pinned_by'->>'id' AS "pinned_by_id",
  record->'sla_data' AS "sla_data",
  record->'sla_data'->>'id' AS "sla_data_id",
  record->'sub_status' AS "sub_status",
  record->'sub_status'->>'id' AS "sub_status_id",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.conversations_lines) AS lines;
CREATE VIEW kustomer.conversations AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "modified_at", "imported_at", "rev", "external_id", "default_lang", "locale", "tags", "custom", "role_group_versions", "access_override", "sentiment", "org", "org_id", "created_by", "created_by_id", "modified_by", "modified_by_id", "customer", "customer_id", "queue", "queue_id", "sla_version", "sla_version_id", "name", "preview", "channels", "status", "open", "snooze", "priority", "direction", "phase", "message_count", "note_count", "outbound_message_count", "inbound_message_count", "done_count", "reopen_count", "reopen_from_done_count", "snooze_count", "satisfaction", "satisfaction_level", "last_activity_at", "last_received_at", "last_message_at", "last_message_direction", "spam", "ended", "ended_at", "ended_reason", "ended_by_type", "suggested_tags", "suggested_shortcuts", "predictions", "first_message_in", "first_message_out", "last_message_in", "last_message_out", "last_message_unresponded_to", "last_message_unresponded_to_since_last_done", "assigned_users", "assigned_teams", "first_company", "first_response", "first_response_since_last_done", "last_response", "first_done", "last_done", "total_open", "total_done", "total_snooze", "modification_history", "assistant", "matched_time_based_rules", "reply_channel", "external_queue", "sla", "attribution", "skills", "last_deflection", "linked_conversations", "merged_target", "pinned", "brand", "brand_id", "ended_by", "ended_by_id", "pinned_by", "pinned_by_id", "sla_data", "sla_data_id", "sub_status", "sub_status_id"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, rev DESC NULLS LAST, _run DESC) AS age
  FROM kustomer.conversations_history) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'conversations' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'conversations') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (FALSE) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;

CREATE TABLE IF NOT EXISTS kustomer.customers_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.customers;
DROP VIEW IF EXISTS kustomer.customers_history;
CREATE VIEW kustomer.customers_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  CASE WHEN record->>'modified_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'modified_at')::timestamptz END AS "modified_at",
  CASE WHEN record->>'imported_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'imported_at')::timestamptz END AS "imported_at",
  CASE WHEN record->>'rev' ~ '^-?\d{1,18}$' THEN (record->>'rev')::bigint END AS "rev",
  record->>'external_id' AS "external_id",
  record->>'default_lang' AS "default_lang",
  record->>'locale' AS "locale",
  record->'custom' AS "custom",
  record->'role_group_versions' AS "role_group_versions",
  record->'access_override' AS "access_override",
  record->'sentiment' AS "sentiment",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  record->'created_by' AS "created_by",
  record->'created_by'->>'id' AS "created_by_id",
  record->'modified_by' AS "modified_by",
  record->'modified_by'->>'id' AS "modified_by_id",
  record->'company' AS "company",
  record->'company'->>'id' AS "company_id",
  record->'sla_version' AS "sla_version",
  record->'sla_version'->>'id' AS "sla_version_id",
  record->>'name' AS "name",
  record->>'display_name' AS "display_name",
  record->>'display_color' AS "display_color",
  record->>'display_icon' AS "display_icon",
  record->>'first_name' AS "first_name",
  record->>'last_name' AS "last_name",
  record->>'username' AS "username",
  record->>'avatar_url' AS "avatar_url",
  record->>'company_name' AS "company_name",
  record->'external_ids' AS "external_ids",
  record->'shared_external_ids' AS "shared_external_ids",
  record->'emails' AS "emails",
  record->'shared_emails' AS "shared_emails",
  record->'phones' AS "phones",
  record->'shared_phones' AS "shared_phones",
  record->'whatsapps' AS "whatsapps",
  record->'shared_whatsapps' AS "shared_whatsapps",
  record->'facebook_ids' AS "facebook_ids",
  record->'instagram_ids' AS "instagram_ids",
  record->'smooch_ids' AS "smooch_ids",
  record->'socials' AS "socials",
  record->'shared_socials' AS "shared_socials",
  record->'urls' AS "urls",
  record->'locations' AS "locations",
  record->'active_users' AS "active_users",
  record->'watchers' AS "watchers",
  record->'recent_location' AS "recent_location",
  record->>'time_zone' AS "time_zone",
  record->>'birthday_at' AS "birthday_at",
  record->>'gender' AS "gender",
  record->>'presence' AS "presence",
  CASE WHEN record->>'signed_up_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'signed_up_at')::timestamptz END AS "signed_up_at",
  CASE WHEN record->>'last_seen_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'last_seen_at')::timestamptz END AS "last_seen_at",
  CASE WHEN record->>'last_activity_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'last_activity_at')::timestamptz END AS "last_activity_at",
  CASE WHEN record->>'last_customer_activity_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'last_customer_activity_at')::timestamptz END AS "last_customer_activity_at",
  CASE WHEN record->>'last_message_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'last_message_at')::timestamptz END AS "last_message_at",
  record->'last_message_in' AS "last_message_in",
  record->'last_message_out' AS "last_message_out",
  record->'last_message_unresponded_to' AS "last_message_unresponded_to",
  record->'last_conversation' AS "last_conversation",
  record->'conversation_counts' AS "conversation_counts",
  record->'preview' AS "preview",
  record->'tags' AS "tags",
  record->>'progressive_status' AS "progressive_status",
  record->'satisfaction_level' AS "satisfaction_level",
  CASE WHEN record->>'verified' ~ '^(true|false)$' THEN (record->>'verified')::boolean END AS "verified",
  record->'recent_items' AS "recent_items",
  record->'unmasking_window' AS "unmasking_window",
  record->'sla' AS "sla",
  record->'sla_data' AS "sla_data",
  record->'sla_data'->>'id' AS "sla_data_id",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.customers_lines) AS lines;
CREATE VIEW kustomer.customers AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "modified_at", "imported_at", "rev", "external_id", "default_lang", "locale", "custom", "role_group_versions", "access_override", "sentiment", "org", "org_id", "created_by", "created_by_id", "modified_by", "modified_by_id", "company", "company_id", "sla_version", "sla_version_id", "name", "display_name", "display_color", "display_icon", "first_name", "last_name", "username", "avatar_url", "company_name", "external_ids", "shared_external_ids", "emails", "shared_emails", "phones", "shared_phones", "whatsapps", "shared_whatsapps", "facebook_ids", "instagram_ids", "smooch_ids", "socials", "shared_socials", "urls", "locations", "active_users", "watchers", "recent_location", "time_zone", "birthday_at", "gender", "presence", "signed_up_at", "last_seen_at", "last_activity_at", "last_customer_activity_at", "last_message_at", "last_message_in", "last_message_out", "last_message_unresponded_to", "last_conversation", "conversation_counts", "preview", "tags", "progressive_status", "satisfaction_level", "verified", "recent_items", "unmasking_window", "sla", "sla_data", "sla_data_id"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, rev DESC NULLS LAST, _run DESC) AS age
  FROM kustomer.customers_history) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'customers' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'customers') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (FALSE) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;

CREATE TABLE IF NOT EXISTS kustomer.kobjects_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.kobjects;
DROP VIEW IF EXISTS kustomer.kobjects_history;
CREATE VIEW kustomer.kobjects_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  CASE WHEN record->>'modified_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'modified_at')::timestamptz END AS "modified_at",
  CASE WHEN record->>'imported_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'imported_at')::timestamptz END AS "imported_at",
  CASE WHEN record->>'rev' ~ '^-?\d{1,18}$' THEN (record->>'rev')::bigint END AS "rev",
  record->>'external_id' AS "external_id",
  record->'custom' AS "custom",
  record->'role_group_versions' AS "role_group_versions",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  record->'created_by' AS "created_by",
  record->'created_by'->>'id' AS "created_by_id",
  record->'modified_by' AS "modified_by",
  record->'modified_by'->>'id' AS "modified_by_id",
  record->'customer' AS "customer",
  record->'customer'->>'id' AS "customer_id",
  record->'company' AS "company",
  record->'company'->>'id' AS "company_id",
  record->'queue' AS "queue",
  record->'queue'->>'id' AS "queue_id",
  record->>'title' AS "title",
  record->>'description' AS "description",
  record->>'icon' AS "icon",
  record->'images' AS "images",
  record->'data' AS "data",
  record->'tags' AS "tags",
  record->>'klass_display_name' AS "klass_display_name",
  record->'klass_mixins' AS "klass_mixins",
  record->>'s3_data_url' AS "s3_data_url",
  record->'attribution' AS "attribution",
  record->>'status' AS "status",
  record->>'assigned_user' AS "assigned_user",
  record->>'assigned_team' AS "assigned_team",
  record->'first_done' AS "first_done",
  record->'last_done' AS "last_done",
  CASE WHEN record->>'done_count' ~ '^-?\d{1,18}$' THEN (record->>'done_count')::bigint END AS "done_count",
  CASE WHEN record->>'reopen_count' ~ '^-?\d{1,18}$' THEN (record->>'reopen_count')::bigint END AS "reopen_count",
  CASE WHEN record->>'reopen_from_done_count' ~ '^-?\d{1,18}$' THEN (record->>'reopen_from_done_count')::bigint END AS "reopen_from_done_count",
  record->'klass' AS "klass",
  record->'klass'->>'id' AS "klass_id",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.kobjects_lines) AS lines;
CREATE VIEW kustomer.kobjects AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "modified_at", "imported_at", "rev", "external_id", "custom", "role_group_versions", "org", "org_id", "created_by", "created_by_id", "modified_by", "modified_by_id", "customer", "customer_id", "company", "company_id", "queue", "queue_id", "title", "description", "icon", "images", "data", "tags", "klass_display_name", "klass_mixins", "s3_data_url", "attribution", "status", "assigned_user", "assigned_team", "first_done", "last_done", "done_count", "reopen_count", "reopen_from_done_count", "klass", "klass_id"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, rev DESC NULLS LAST, _run DESC) AS age
  FROM kustomer.kobjects_history) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'kobjects' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'kobjects') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (FALSE) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;

CREATE TABLE IF NOT EXISTS kustomer.messages_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.messages;
DROP VIEW IF EXISTS kustomer.messages_history;
CREATE VIEW kustomer.messages_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  CASE WHEN record->>'modified_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'modified_at')::timestamptz END AS "modified_at",
  CASE WHEN record->>'imported_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'imported_at')::timestamptz END AS "imported_at",
  CASE WHEN record->>'rev' ~ '^-?\d{1,18}$' THEN (record->>'rev')::bigint END AS "rev",
  record->>'external_id' AS "external_id",
  record->>'lang' AS "lang",
  record->'custom' AS "custom",
  record->'sentiment' AS "sentiment",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  record->'created_by' AS "created_by",
  record->'created_by'->>'id' AS "created_by_id",
  record->'modified_by' AS "modified_by",
  record->'modified_by'->>'id' AS "modified_by_id",
  record->'customer' AS "customer",
  record->'customer'->>'id' AS "customer_id",
  record->'conversation' AS "conversation",
  record->'conversation'->>'id' AS "conversation_id",
  record->>'channel' AS "channel",
  record->>'app' AS "app",
  CASE WHEN record->>'size' ~ '^-?\d{1,18}$' THEN (record->>'size')::bigint END AS "size",
  record->>'direction' AS "direction",
  record->>'direction_type' AS "direction_type",
  record->>'preview' AS "preview",
  record->>'subject' AS "subject",
  record->'meta' AS "meta",
  record->>'status' AS "status",
  CASE WHEN record->>'error_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'error_at')::timestamptz END AS "error_at",
  CASE WHEN record->>'response_time' ~ '^-?\d{1,18}$' THEN (record->>'response_time')::bigint END AS "response_time",
  CASE WHEN record->>'response_business_time' ~ '^-?\d{1,18}$' THEN (record->>'response_business_time')::bigint END AS "response_business_time",
  record->'assigned_teams' AS "assigned_teams",
  record->'assigned_users' AS "assigned_users",
  record->'created_by_teams' AS "created_by_teams",
  CASE WHEN record->>'auto' ~ '^(true|false)$' THEN (record->>'auto')::boolean END AS "auto",
  record->>'source' AS "source",
  CASE WHEN record->>'sent_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'sent_at')::timestamptz END AS "sent_at",
  CASE WHEN record->>'redacted' ~ '^(true|false)$' THEN (record->>'redacted')::boolean END AS "redacted",
  CASE WHEN record->>'redacted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'redacted_at')::timestamptz END AS "redacted_at",
  record->'reactions' AS "reactions",
  record->'first_delivered' AS "first_delivered",
  record->'first_read' AS "first_read",
  record->'intent_detections' AS "intent_detections",
  record->'location' AS "location",
  record->'shortcuts' AS "shortcuts",
  record->'attachments' AS "attachments",
  record->'kb_articles' AS "kb_articles",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.messages_lines) AS lines;
CREATE VIEW kustomer.messages AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "modified_at", "imported_at", "rev", "external_id", "lang", "custom", "sentiment", "org", "org_id", "created_by", "created_by_id", "modified_by", "modified_by_id", "customer", "customer_id", "conversation", "conversation_id", "channel", "app", "size", "direction", "direction_type", "preview", "subject", "meta", "status", "error_at", "response_time", "response_business_time", "assigned_teams", "assigned_users", "created_by_teams", "auto", "source", "sent_at", "redacted", "redacted_at", "reactions", "first_delivered", "first_read", "intent_detections", "location", "shortcuts", "attachments", "kb_articles"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, rev DESC NULLS LAST, _run DESC) AS age
  FROM kustomer.messages_history) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'messages' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'messages') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (FALSE) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;

CREATE TABLE IF NOT EXISTS kustomer.notes_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.notes;
DROP VIEW IF EXISTS kustomer.notes_history;
CREATE VIEW kustomer.notes_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  CASE WHEN record->>'modified_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'modified_at')::timestamptz END AS "modified_at",
  CASE WHEN record->>'imported_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'imported_at')::timestamptz END AS "imported_at",
  record->>'external_id' AS "external_id",
  record->>'lang' AS "lang",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  record->'created_by' AS "created_by",
  record->'created_by'->>'id' AS "created_by_id",
  record->'modified_by' AS "modified_by",
  record->'modified_by'->>'id' AS "modified_by_id",
  record->'deleted_by' AS "deleted_by",
  record->'deleted_by'->>'id' AS "deleted_by_id",
  record->'customer' AS "customer",
  record->'customer'->>'id' AS "customer_id",
  record->'conversation' AS "conversation",
  record->'conversation'->>'id' AS "conversation_id",
  record->>'body' AS "body",
  record->'created_by_teams' AS "created_by_teams",
  record->'user_mentions' AS "user_mentions",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.notes_lines) AS lines;
CREATE VIEW kustomer.notes AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "modified_at", "imported_at", "external_id", "lang", "org", "org_id", "created_by", "created_by_id", "modified_by", "modified_by_id", "deleted_by", "deleted_by_id", "customer", "customer_id", "conversation", "conversation_id", "body", "created_by_teams", "user_mentions"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, _run DESC) AS age
  FROM kustomer.notes_history) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'notes' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'notes') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (FALSE) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;

CREATE TABLE IF NOT EXISTS kustomer.shortcuts_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.shortcuts;
DROP VIEW IF EXISTS kustomer.shortcuts_history;
CREATE VIEW kustomer.shortcuts_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  CASE WHEN record->>'modified_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'modified_at')::timestamptz END AS "modified_at",
  CASE WHEN record->>'rev' ~ '^-?\d{1,18}$' THEN (record->>'rev')::bigint END AS "rev",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  record->'created_by' AS "created_by",
  record->'created_by'->>'id' AS "created_by_id",
  record->'modified_by' AS "modified_by",
  record->'modified_by'->>'id' AS "modified_by_id",
  record->>'name' AS "name",
  record->'draft' AS "draft",
  record->'conversation' AS "conversation",
  record->'payload' AS "payload",
  CASE WHEN record->>'is_private' ~ '^(true|false)$' THEN (record->>'is_private')::boolean END AS "is_private",
  CASE WHEN record->>'app_disabled' ~ '^(true|false)$' THEN (record->>'app_disabled')::boolean END AS "app_disabled",
  record->'parent' AS "parent",
  record->'parent'->>'id' AS "parent_id",
  record->'access_users' AS "access_users",
  record->'access_teams' AS "access_teams",
  record->'attachments' AS "attachments",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.shortcuts_lines) AS lines;
CREATE VIEW kustomer.shortcuts AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "modified_at", "rev", "org", "org_id", "created_by", "created_by_id", "modified_by", "modified_by_id", "name", "draft", "conversation", "payload", "is_private", "app_disabled", "parent", "parent_id", "access_users", "access_teams", "attachments"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, rev DESC NULLS LAST, _run DESC) AS age
  FROM (
    SELECT * FROM (
      SELECT *, MAX(CASE WHEN _deletions > _first AND updated_at IS NOT NULL AND NOT (deleted IS TRUE OR deleted_at IS NOT NULL) THEN _run END) OVER (PARTITION BY id) AS _again
      FROM (
        SELECT *, MIN(_deletions) OVER (PARTITION BY id, updated_at, (deleted IS TRUE OR deleted_at IS NOT NULL)) AS _first
        FROM (
          SELECT *, COUNT(CASE WHEN (deleted IS TRUE OR deleted_at IS NOT NULL) THEN 1 END) OVER (PARTITION BY id ORDER BY _run) AS _deletions
          FROM kustomer.shortcuts_history) AS lines) AS lines) AS lines
    WHERE ((deleted IS TRUE OR deleted_at IS NOT NULL) AND _run < _again) IS NOT TRUE) AS lines) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'shortcuts' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'shortcuts') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (_again IS NOT NULL) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;

CREATE TABLE IF NOT EXISTS kustomer.tags_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.tags;
DROP VIEW IF EXISTS kustomer.tags_history;
CREATE VIEW kustomer.tags_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  CASE WHEN record->>'modified_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'modified_at')::timestamptz END AS "modified_at",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  record->'created_by' AS "created_by",
  record->'created_by'->>'id' AS "created_by_id",
  record->'modified_by' AS "modified_by",
  record->'modified_by'->>'id' AS "modified_by_id",
  record->'deleted_by' AS "deleted_by",
  record->'deleted_by'->>'id' AS "deleted_by_id",
  record->>'name' AS "name",
  record->>'color' AS "color",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.tags_lines) AS lines;
CREATE VIEW kustomer.tags AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "modified_at", "org", "org_id", "created_by", "created_by_id", "modified_by", "modified_by_id", "deleted_by", "deleted_by_id", "name", "color"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, _run DESC) AS age
  FROM (
    SELECT * FROM (
      SELECT *, MAX(CASE WHEN _deletions > _first AND updated_at IS NOT NULL AND NOT (deleted IS TRUE OR deleted_at IS NOT NULL) THEN _run END) OVER (PARTITION BY id) AS _again
      FROM (
        SELECT *, MIN(_deletions) OVER (PARTITION BY id, updated_at, (deleted IS TRUE OR deleted_at IS NOT NULL)) AS _first
        FROM (
          SELECT *, COUNT(CASE WHEN (deleted IS TRUE OR deleted_at IS NOT NULL) THEN 1 END) OVER (PARTITION BY id ORDER BY _run) AS _deletions
          FROM kustomer.tags_history) AS lines) AS lines) AS lines
    WHERE ((deleted IS TRUE OR deleted_at IS NOT NULL) AND _run < _again) IS NOT TRUE) AS lines) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'tags' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'tags') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (_again IS NOT NULL) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;

CREATE TABLE IF NOT EXISTS kustomer.teams_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.teams;
DROP VIEW IF EXISTS kustomer.teams_history;
CREATE VIEW kustomer.teams_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  CASE WHEN record->>'modified_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'modified_at')::timestamptz END AS "modified_at",
  CASE WHEN record->>'imported_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'imported_at')::timestamptz END AS "imported_at",
  record->>'external_id' AS "external_id",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  record->'created_by' AS "created_by",
  record->'created_by'->>'id' AS "created_by_id",
  record->'modified_by' AS "modified_by",
  record->'modified_by'->>'id' AS "modified_by_id",
  record->'deleted_by' AS "deleted_by",
  record->'deleted_by'->>'id' AS "deleted_by_id",
  record->>'name' AS "name",
  record->>'display_name' AS "display_name",
  record->>'icon' AS "icon",
  record->'members' AS "members",
  record->'role_groups' AS "role_groups",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.teams_lines) AS lines;
CREATE VIEW kustomer.teams AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "modified_at", "imported_at", "external_id", "org", "org_id", "created_by", "created_by_id", "modified_by", "modified_by_id", "deleted_by", "deleted_by_id", "name", "display_name", "icon", "members", "role_groups"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, _run DESC) AS age
  FROM (
    SELECT * FROM (
      SELECT *, MAX(CASE WHEN _deletions > _first AND updated_at IS NOT NULL AND NOT (deleted IS TRUE OR deleted_at IS NOT NULL) THEN _run END) OVER (PARTITION BY id) AS _again
      FROM (
        SELECT *, MIN(_deletions) OVER (PARTITION BY id, updated_at, (deleted IS TRUE OR deleted_at IS NOT NULL)) AS _first
        FROM (
          SELECT *, COUNT(CASE WHEN (deleted IS TRUE OR deleted_at IS NOT NULL) THEN 1 END) OVER (PARTITION BY id ORDER BY _run) AS _deletions
          FROM kustomer.teams_history) AS lines) AS lines) AS lines
    WHERE ((deleted IS TRUE OR deleted_at IS NOT NULL) AND _run < _again) IS NOT TRUE) AS lines) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'teams' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'teams') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (_again IS NOT NULL) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;

CREATE TABLE IF NOT EXISTS kustomer.users_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.users;
DROP VIEW IF EXISTS kustomer.users_history;
CREATE VIEW kustomer.users_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  CASE WHEN record->>'modified_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'modified_at')::timestamptz END AS "modified_at",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  record->'created_by' AS "created_by",
  record->'created_by'->>'id' AS "created_by_id",
  record->'modified_by' AS "modified_by",
  record->'modified_by'->>'id' AS "modified_by_id",
  record->>'display_name' AS "display_name",
  record->>'name' AS "name",
  record->>'user_type' AS "user_type",
  record->>'email' AS "email",
  CASE WHEN record->>'email_verified_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'email_verified_at')::timestamptz END AS "email_verified_at",
  CASE WHEN record->>'first_email_verified_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'first_email_verified_at')::timestamptz END AS "first_email_verified_at",
  record->>'mobile' AS "mobile",
  record->>'email_signature' AS "email_signature",
  record->>'avatar_url' AS "avatar_url",
  record->'password' AS "password",
  record->>'verified_email_status' AS "verified_email_status",
  CASE WHEN record->>'is_email_valid' ~ '^(true|false)$' THEN (record->>'is_email_valid')::boolean END AS "is_email_valid",
  record->'role_groups' AS "role_groups",
  record->'roles' AS "roles",
  CASE WHEN record->>'first_login_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'first_login_at')::timestamptz END AS "first_login_at",
  CASE WHEN record->>'most_recent_login_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'most_recent_login_at')::timestamptz END AS "most_recent_login_at",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.users_lines) AS lines;
CREATE VIEW kustomer.users AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "modified_at", "org", "org_id", "created_by", "created_by_id", "modified_by", "modified_by_id", "display_name", "name", "user_type", "email", "email_verified_at", "first_email_verified_at", "mobile", "email_signature", "avatar_url", "password", "verified_email_status", "is_email_valid", "role_groups", "roles", "first_login_at", "most_recent_login_at"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, _run DESC) AS age
  FROM (
    SELECT * FROM (
      SELECT *, MAX(CASE WHEN _deletions > _first AND updated_at IS NOT NULL AND NOT (deleted IS TRUE OR deleted_at IS NOT NULL) THEN _run END) OVER (PARTITION BY id) AS _again
      FROM (
        SELECT *, MIN(_deletions) OVER (PARTITION BY id, updated_at, (deleted IS TRUE OR deleted_at IS NOT NULL)) AS _first
        FROM (
          SELECT *, COUNT(CASE WHEN (deleted IS TRUE OR deleted_at IS NOT NULL) THEN 1 END) OVER (PARTITION BY id ORDER BY _run) AS _deletions
          FROM kustomer.users_history) AS lines) AS lines) AS lines
    WHERE ((deleted IS TRUE OR deleted_at IS NOT NULL) AND _run < _again) IS NOT TRUE) AS lines) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'users' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'users') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (_again IS NOT NULL) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;

CREATE TABLE IF NOT EXISTS kustomer.companies_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.companies;
DROP VIEW IF EXISTS kustomer.companies_history;
CREATE VIEW kustomer.companies_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  CASE WHEN record->>'modified_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'modified_at')::timestamptz END AS "modified_at",
  CASE WHEN record->>'imported_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'imported_at')::timestamptz END AS "imported_at",
  CASE WHEN record->>'rev' ~ '^-?\d{1,18}$' THEN (record->>'rev')::bigint END AS "rev",
  record->>'external_id' AS "external_id",
  record->>'default_lang' AS "default_lang",
  record->'custom' AS "custom",
  record->'role_group_versions' AS "role_group_versions",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  record->'created_by' AS "created_by",
  record->'created_by'->>'id' AS "created_by_id",
  record->'modified_by' AS "modified_by",
  record->'modified_by'->>'id' AS "modified_by_id",
  record->>'name' AS "name",
  record->'tags' AS "tags",
  record->'domains' AS "domains",
  record->'emails' AS "emails",
  record->'phones' AS "phones",
  record->'whatsapps' AS "whatsapps",
  record->'socials' AS "socials",
  record->'urls' AS "urls",
  record->'locations' AS "locations",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.companies_lines) AS lines;
CREATE VIEW kustomer.companies AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "modified_at", "imported_at", "rev", "external_id", "default_lang", "custom", "role_group_versions", "org", "org_id", "created_by", "created_by_id", "modified_by", "modified_by_id", "name", "tags", "domains", "emails", "phones", "whatsapps", "socials", "urls", "locations"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, rev DESC NULLS LAST, _run DESC) AS age
  FROM kustomer.companies_history) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'companies' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'companies') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (FALSE) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;

CREATE TABLE IF NOT EXISTS kustomer.work_sessions_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.work_sessions;
DROP VIEW IF EXISTS kustomer.work_sessions_history;
CREATE VIEW kustomer.work_sessions_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  CASE WHEN record->>'rev' ~ '^-?\d{1,18}$' THEN (record->>'rev')::bigint END AS "rev",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  CASE WHEN record->>'active' ~ '^(true|false)$' THEN (record->>'active')::boolean END AS "active",
  record->>'status_type' AS "status_type",
  record->>'capacity_status' AS "capacity_status",
  CASE WHEN record->>'capacity_remaining' ~ '^-?\d{1,18}$' THEN (record->>'capacity_remaining')::bigint END AS "capacity_remaining",
  CASE WHEN record->>'handled_conversation_count' ~ '^-?\d{1,18}$' THEN (record->>'handled_conversation_count')::bigint END AS "handled_conversation_count",
  CASE WHEN record->>'handled_item_count' ~ '^-?\d{1,18}$' THEN (record->>'handled_item_count')::bigint END AS "handled_item_count",
  CASE WHEN record->>'has_pending_item' ~ '^(true|false)$' THEN (record->>'has_pending_item')::boolean END AS "has_pending_item",
  CASE WHEN record->>'has_skills' ~ '^(true|false)$' THEN (record->>'has_skills')::boolean END AS "has_skills",
  CASE WHEN record->>'paused_work_item_count' ~ '^-?\d{1,18}$' THEN (record->>'paused_work_item_count')::bigint END AS "paused_work_item_count",
  CASE WHEN record->>'routable' ~ '^(true|false)$' THEN (record->>'routable')::boolean END AS "routable",
  CASE WHEN record->>'signed_in_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'signed_in_at')::timestamptz END AS "signed_in_at",
  CASE WHEN record->>'signed_out_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'signed_out_at')::timestamptz END AS "signed_out_at",
  CASE WHEN record->>'idle_since' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'idle_since')::timestamptz END AS "idle_since",
  CASE WHEN record->>'last_assigned_item_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'last_assigned_item_at')::timestamptz END AS "last_assigned_item_at",
  record->'total_available' AS "total_available",
  record->'user' AS "user",
  record->'user'->>'id' AS "user_id",
  record->'team' AS "team",
  record->'team'->>'id' AS "team_id",
  record->'queues' AS "queues",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.work_sessions_lines) AS lines;
CREATE VIEW kustomer.work_sessions AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "rev", "org", "org_id", "active", "status_type", "capacity_status", "capacity_remaining", "handled_conversation_count", "handled_item_count", "has_pending_item", "has_skills", "paused_work_item_count", "routable", "signed_in_at", "signed_out_at", "idle_since", "last_assigned_item_at", "total_available", "user", "user_id", "team", "team_id", "queues"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, rev DESC NULLS LAST, _run DESC) AS age
  FROM kustomer.work_sessions_history) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'work_sessions' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'work_sessions') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (FALSE) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;

CREATE TABLE IF NOT EXISTS kustomer.work_items_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.work_items;
DROP VIEW IF EXISTS kustomer.work_items_history;
CREATE VIEW kustomer.work_items_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  CASE WHEN record->>'rev' ~ '^-?\d{1,18}$' THEN (record->>'rev')::bigint END AS "rev",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  record->'customer' AS "customer",
  record->'customer'->>'id' AS "customer_id",
  record->'conversation' AS "conversation",
  record->'conversation'->>'id' AS "conversation_id",
  record->'queue' AS "queue",
  record->'queue'->>'id' AS "queue_id",
  record->>'status' AS "status",
  CASE WHEN record->>'queued_count' ~ '^-?\d{1,18}$' THEN (record->>'queued_count')::bigint END AS "queued_count",
  record->>'resource_type' AS "resource_type",
  record->'resource' AS "resource",
  CASE WHEN record->>'priority' ~ '^-?\d{1,18}$' THEN (record->>'priority')::bigint END AS "priority",
  CASE WHEN record->>'item_size' ~ '^-?\d{1,18}$' THEN (record->>'item_size')::bigint END AS "item_size",
  record->'handle' AS "handle",
  record->'wrap_up' AS "wrap_up",
  record->'abandoned' AS "abandoned",
  record->'last_revision' AS "last_revision",
  record->'assigned_to' AS "assigned_to",
  record->'assigned_to'->>'id' AS "assigned_to_id",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.work_items_lines) AS lines;
CREATE VIEW kustomer.work_items AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "rev", "org", "org_id", "customer", "customer_id", "conversation", "conversation_id", "queue", "queue_id", "status", "queued_count", "resource_type", "resource", "priority", "item_size", "handle", "wrap_up", "abandoned", "last_revision", "assigned_to", "assigned_to_id"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, rev DESC NULLS LAST, _run DESC) AS age
  FROM kustomer.work_items_history) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'work_items' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'work_items') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (FALSE) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;

CREATE TABLE IF NOT EXISTS kustomer.conversation_times_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.conversation_times;
DROP VIEW IF EXISTS kustomer.conversation_times_history;
CREATE VIEW kustomer.conversation_times_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  record->'created_by' AS "created_by",
  record->'created_by'->>'id' AS "created_by_id",
  record->'customer' AS "customer",
  record->'customer'->>'id' AS "customer_id",
  record->'conversation' AS "conversation",
  record->'conversation'->>'id' AS "conversation_id",
  CASE WHEN record->>'handle_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'handle_at')::timestamptz END AS "handle_at",
  CASE WHEN record->>'handle_time' ~ '^-?\d{1,18}$' THEN (record->>'handle_time')::bigint END AS "handle_time",
  CASE WHEN record->>'message_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'message_at')::timestamptz END AS "message_at",
  CASE WHEN record->>'message_time' ~ '^-?\d{1,18}$' THEN (record->>'message_time')::bigint END AS "message_time",
  record->'channels' AS "channels",
  record->'assigned_users' AS "assigned_users",
  record->'assigned_teams' AS "assigned_teams",
  record->'created_by_teams' AS "created_by_teams",
  record->'user' AS "user",
  record->'user'->>'id' AS "user_id",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.conversation_times_lines) AS lines;
CREATE VIEW kustomer.conversation_times AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "org", "org_id", "created_by", "created_by_id", "customer", "customer_id", "conversation", "conversation_id", "handle_at", "handle_time", "message_at", "message_time", "channels", "assigned_users", "assigned_teams", "created_by_teams", "user", "user_id"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, _run DESC) AS age
  FROM kustomer.conversation_times_history) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'conversation_times' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'conversation_times') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (FALSE) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;

CREATE TABLE IF NOT EXISTS kustomer.queues_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.queues;
DROP VIEW IF EXISTS kustomer.queues_history;
CREATE VIEW kustomer.queues_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  CASE WHEN record->>'modified_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'modified_at')::timestamptz END AS "modified_at",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  record->'created_by' AS "created_by",
  record->'created_by'->>'id' AS "created_by_id",
  record->'modified_by' AS "modified_by",
  record->'modified_by'->>'id' AS "modified_by_id",
  record->>'name' AS "name",
  record->>'display_name' AS "display_name",
  record->>'description' AS "description",
  record->>'key' AS "key",
  CASE WHEN record->>'priority' ~ '^-?\d{1,18}$' THEN (record->>'priority')::bigint END AS "priority",
  CASE WHEN record->>'item_size' ~ '^-?\d{1,18}$' THEN (record->>'item_size')::bigint END AS "item_size",
  CASE WHEN record->>'restrict_transfers_by_users' ~ '^(true|false)$' THEN (record->>'restrict_transfers_by_users')::boolean END AS "restrict_transfers_by_users",
  record->'settings' AS "settings",
  CASE WHEN record->>'system' ~ '^(true|false)$' THEN (record->>'system')::boolean END AS "system",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.queues_lines) AS lines;
CREATE VIEW kustomer.queues AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "modified_at", "org", "org_id", "created_by", "created_by_id", "modified_by", "modified_by_id", "name", "display_name", "description", "key", "priority", "item_size", "restrict_transfers_by_users", "settings", "system"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, _run DESC) AS age
  FROM (
    SELECT * FROM (
      SELECT *, MAX(CASE WHEN _deletions > _first AND updated_at IS NOT NULL AND NOT (deleted IS TRUE OR deleted_at IS NOT NULL) THEN _run END) OVER (PARTITION BY id) AS _again
      FROM (
        SELECT *, MIN(_deletions) OVER (PARTITION BY id, updated_at, (deleted IS TRUE OR deleted_at IS NOT NULL)) AS _first
        FROM (
          SELECT *, COUNT(CASE WHEN (deleted IS TRUE OR deleted_at IS NOT NULL) THEN 1 END) OVER (PARTITION BY id ORDER BY _run) AS _deletions
          FROM kustomer.queues_history) AS lines) AS lines) AS lines
    WHERE ((deleted IS TRUE OR deleted_at IS NOT NULL) AND _run < _again) IS NOT TRUE) AS lines) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'queues' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'queues') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (_again IS NOT NULL) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;

CREATE TABLE IF NOT EXISTS kustomer.brands_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.brands;
DROP VIEW IF EXISTS kustomer.brands_history;
CREATE VIEW kustomer.brands_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  CASE WHEN record->>'modified_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'modified_at')::timestamptz END AS "modified_at",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  record->'created_by' AS "created_by",
  record->'created_by'->>'id' AS "created_by_id",
  record->'modified_by' AS "modified_by",
  record->'modified_by'->>'id' AS "modified_by_id",
  record->>'name' AS "name",
  CASE WHEN record->>'default' ~ '^(true|false)$' THEN (record->>'default')::boolean END AS "default",
  record->>'icon_url' AS "icon_url",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.brands_lines) AS lines;
CREATE VIEW kustomer.brands AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "modified_at", "org", "org_id", "created_by", "created_by_id", "modified_by", "modified_by_id", "name", "default", "icon_url"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, _run DESC) AS age
  FROM (
    SELECT * FROM (
      SELECT *, MAX(CASE WHEN _deletions > _first AND updated_at IS NOT NULL AND NOT (deleted IS TRUE OR deleted_at IS NOT NULL) THEN _run END) OVER (PARTITION BY id) AS _again
      FROM (
        SELECT *, MIN(_deletions) OVER (PARTITION BY id, updated_at, (deleted IS TRUE OR deleted_at IS NOT NULL)) AS _first
        FROM (
          SELECT *, COUNT(CASE WHEN (deleted IS TRUE OR deleted_at IS NOT NULL) THEN 1 END) OVER (PARTITION BY id ORDER BY _run) AS _deletions
          FROM kustomer.brands_history) AS lines) AS lines) AS lines
    WHERE ((deleted IS TRUE OR deleted_at IS NOT NULL) AND _run < _again) IS NOT TRUE) AS lines) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'brands' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'brands') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (_again IS NOT NULL) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;

CREATE TABLE IF NOT EXISTS kustomer.slas_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.slas;
DROP VIEW IF EXISTS kustomer.slas_history;
CREATE VIEW kustomer.slas_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  record->'created_by' AS "created_by",
  record->'created_by'->>'id' AS "created_by_id",
  CASE WHEN record->>'current_version' ~ '^-?\d{1,18}$' THEN (record->>'current_version')::bigint END AS "current_version",
  record->'versions' AS "versions",
  record->>'name' AS "name",
  record->>'description' AS "description",
  CASE WHEN record->>'version' ~ '^-?\d{1,18}$' THEN (record->>'version')::bigint END AS "version",
  record->>'hours' AS "hours",
  record->'metrics' AS "metrics",
  record->'criteria' AS "criteria",
  record->'sla' AS "sla",
  record->'sla'->>'id' AS "sla_id",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.slas_lines) AS lines;
CREATE VIEW kustomer.slas AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "org", "org_id", "created_by", "created_by_id", "current_version", "versions", "name", "description", "version", "hours", "metrics", "criteria", "sla", "sla_id"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY _run DESC) AS age
  FROM kustomer.slas_history) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'slas' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'slas') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (FALSE) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;

CREATE TABLE IF NOT EXISTS kustomer.business_schedules_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.business_schedules;
DROP VIEW IF EXISTS kustomer.business_schedules_history;
CREATE VIEW kustomer.business_schedules_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  CASE WHEN record->>'modified_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'modified_at')::timestamptz END AS "modified_at",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  record->'created_by' AS "created_by",
  record->'created_by'->>'id' AS "created_by_id",
  record->'modified_by' AS "modified_by",
  record->'modified_by'->>'id' AS "modified_by_id",
  record->>'name' AS "name",
  record->'hours' AS "hours",
  record->>'timezone' AS "timezone",
  CASE WHEN record->>'default' ~ '^(true|false)$' THEN (record->>'default')::boolean END AS "default",
  record->'holidays' AS "holidays",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.business_schedules_lines) AS lines;
CREATE VIEW kustomer.business_schedules AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "modified_at", "org", "org_id", "created_by", "created_by_id", "modified_by", "modified_by_id", "name", "hours", "timezone", "default", "holidays"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, _run DESC) AS age
  FROM (
    SELECT * FROM (
      SELECT *, MAX(CASE WHEN _deletions > _first AND updated_at IS NOT NULL AND NOT (deleted IS TRUE OR deleted_at IS NOT NULL) THEN _run END) OVER (PARTITION BY id) AS _again
      FROM (
        SELECT *, MIN(_deletions) OVER (PARTITION BY id, updated_at, (deleted IS TRUE OR deleted_at IS NOT NULL)) AS _first
        FROM (
          SELECT *, COUNT(CASE WHEN (deleted IS TRUE OR deleted_at IS NOT NULL) THEN 1 END) OVER (PARTITION BY id ORDER BY _run) AS _deletions
          FROM kustomer.business_schedules_history) AS lines) AS lines) AS lines
    WHERE ((deleted IS TRUE OR deleted_at IS NOT NULL) AND _run < _again) IS NOT TRUE) AS lines) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'business_schedules' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'business_schedules') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (_again IS NOT NULL) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;

CREATE TABLE IF NOT EXISTS kustomer.klasses_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.klasses;
DROP VIEW IF EXISTS kustomer.klasses_history;
CREATE VIEW kustomer.klasses_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  record->>'name' AS "name",
  record->>'display_name' AS "display_name",
  record->>'displayname' AS "displayname",
  record->>'icon' AS "icon",
  record->>'color' AS "color",
  record->>'klass_schema' AS "klass_schema",
  record->>'app_version' AS "app_version",
  CASE WHEN record->>'app_disabled' ~ '^(true|false)$' THEN (record->>'app_disabled')::boolean END AS "app_disabled",
  record->>'status' AS "status",
  record->'mixins' AS "mixins",
  record->>'s3_data_url' AS "s3_data_url",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.klasses_lines) AS lines;
CREATE VIEW kustomer.klasses AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "org", "org_id", "name", "display_name", "displayname", "icon", "color", "klass_schema", "app_version", "app_disabled", "status", "mixins", "s3_data_url"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, _run DESC) AS age
  FROM (
    SELECT * FROM (
      SELECT *, MAX(CASE WHEN _deletions > _first AND updated_at IS NOT NULL AND NOT (deleted IS TRUE OR deleted_at IS NOT NULL) THEN _run END) OVER (PARTITION BY id) AS _again
      FROM (
        SELECT *, MIN(_deletions) OVER (PARTITION BY id, updated_at, (deleted IS TRUE OR deleted_at IS NOT NULL)) AS _first
        FROM (
          SELECT *, COUNT(CASE WHEN (deleted IS TRUE OR deleted_at IS NOT NULL) THEN 1 END) OVER (PARTITION BY id ORDER BY _run) AS _deletions
          FROM kustomer.klasses_history) AS lines) AS lines) AS lines
    WHERE ((deleted IS TRUE OR deleted_at IS NOT NULL) AND _run < _again) IS NOT TRUE) AS lines) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'klasses' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'klasses') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (_again IS NOT NULL) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;

CREATE TABLE IF NOT EXISTS kustomer.custom_attributes_lines (run BIGINT, record json);
DROP VIEW IF EXISTS kustomer.custom_attributes;
DROP VIEW IF EXISTS kustomer.custom_attributes_history;
CREATE VIEW kustomer.custom_attributes_history AS
SELECT
  record->>'id' AS "id",
  record->>'type' AS "type",
  record->'links' AS "links",
  CASE WHEN record->>'created_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'created_at')::timestamptz END AS "created_at",
  CASE WHEN record->>'updated_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'updated_at')::timestamptz END AS "updated_at",
  CASE WHEN record->>'deleted' ~ '^(true|false)$' THEN (record->>'deleted')::boolean END AS "deleted",
  CASE WHEN record->>'deleted_at' ~ '^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d' THEN (record->>'deleted_at')::timestamptz END AS "deleted_at",
  record->'org' AS "org",
  record->'org'->>'id' AS "org_id",
  record->'properties' AS "properties",
  run AS _run
FROM (SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM kustomer.custom_attributes_lines) AS lines;
CREATE VIEW kustomer.custom_attributes AS
SELECT "id", "type", "links", "created_at", "updated_at", "deleted", "deleted_at", "org", "org_id", "properties"
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY _run DESC) AS age
  FROM kustomer.custom_attributes_history) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = 'custom_attributes' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = 'custom_attributes') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (FALSE) AND _found_id IS NULL AND coalesce(updated_at, created_at) <= _as_of
    AND (_since IS NULL OR coalesce(updated_at, created_at) >= _since)) IS NOT TRUE;
