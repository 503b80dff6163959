-- Views for BigQuery, written by npm run generate. Load each line of a stream's files, unchanged,
-- into the column record of its table <stream>_lines; a line that is loaded twice does no harm. <stream> then has the
-- latest version of each record that exists, <stream>_history every version. Other columns: see custom.
--
-- kustomer.ids is for reconciliations, and may stay empty: a row for each id of each complete stream, and then one
-- without an id. as_of is that of the manifest, since the "from" of the stream, or null where that is empty.

CREATE TABLE IF NOT EXISTS kustomer.ids (stream STRING, as_of TIMESTAMP, since TIMESTAMP, id STRING);

CREATE TABLE IF NOT EXISTS kustomer.conversations_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.conversations_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  SAFE_CAST(JSON_VALUE(record, '$."modified_at"') AS TIMESTAMP) AS `modified_at`,
  SAFE_CAST(JSON_VALUE(record, '$."imported_at"') AS TIMESTAMP) AS `imported_at`,
  SAFE_CAST(JSON_VALUE(record, '$."rev"') AS INT64) AS `rev`,
  JSON_VALUE(record, '$."external_id"') AS `external_id`,
  JSON_VALUE(record, '$."default_lang"') AS `default_lang`,
  JSON_VALUE(record, '$."locale"') AS `locale`,
  JSON_VALUE_ARRAY(record, '$."tags"') AS `tags`,
  JSON_QUERY(record, '$."custom"') AS `custom`,
  JSON_QUERY(record, '$."role_group_versions"') AS `role_group_versions`,
  JSON_QUERY(record, '$."access_override"') AS `access_override`,
  JSON_QUERY(record, '$."sentiment"') AS `sentiment`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  JSON_QUERY(record, '$."created_by"') AS `created_by`,
  JSON_VALUE(record, '$."created_by"."id"') AS `created_by_id`,
  JSON_QUERY(record, '$."modified_by"') AS `modified_by`,
  JSON_VALUE(record, '$."modified_by"."id"') AS `modified_by_id`,
  JSON_QUERY(record, '$."customer"') AS `customer`,
  JSON_VALUE(record, '$."customer"."id"') AS `customer_id`,
  JSON_QUERY(record, '$."queue"') AS `queue`,
  JSON_VALUE(record, '$."queue"."id"') AS `queue_id`,
  JSON_QUERY(record, '$."sla_version"') AS `sla_version`,
  JSON_VALUE(record, '$."sla_version"."id"') AS `sla_version_id`,
  JSON_VALUE(record, '$."name"') AS `name`,
  JSON_VALUE(record, '$."preview"') AS `preview`,
  JSON_QUERY(record, '$."channels"') AS `channels`,
  JSON_VALUE(record, '$."status"') AS `status`,
  JSON_QUERY(record, '$."open"') AS `open`,
  JSON_QUERY(record, '$."snooze"') AS `snooze`,
  SAFE_CAST(JSON_VALUE(record, '$."priority"') AS INT64) AS `priority`,
  JSON_VALUE(record, '$."direction"') AS `direction`,
  JSON_VALUE(record, '$."phase"') AS `phase`,
  SAFE_CAST(JSON_VALUE(record, '$."message_count"') AS INT64) AS `message_count`,
  SAFE_CAST(JSON_VALUE(record, '$."note_count"') AS INT64) AS `note_count`,
  SAFE_CAST(JSON_VALUE(record, '$."outbound_message_count"') AS INT64) AS `outbound_message_count`,
  SAFE_CAST(JSON_VALUE(record, '$."inbound_message_count"') AS INT64) AS `inbound_message_count`,
  SAFE_CAST(JSON_VALUE(record, '$."done_count"') AS INT64) AS `done_count`,
  SAFE_CAST(JSON_VALUE(record, '$."reopen_count"') AS INT64) AS `reopen_count`,
  SAFE_CAST(JSON_VALUE(record, '$."reopen_from_done_count"') AS INT64) AS `reopen_from_done_count`,
  SAFE_CAST(JSON_VALUE(record, '$."snooze_count"') AS INT64) AS `snooze_count`,
  SAFE_CAST(JSON_VALUE(record, '$."satisfaction"') AS INT64) AS `satisfaction`,
  JSON_QUERY(record, '$."satisfaction_level"') AS `satisfaction_level`,
  SAFE_CAST(JSON_VALUE(record, '$."last_activity_at"') AS TIMESTAMP) AS `last_activity_at`,
  SAFE_CAST(JSON_VALUE(record, '$."last_received_at"') AS TIMESTAMP) AS `last_received_at`,
  SAFE_CAST(JSON_VALUE(record, '$."last_message_at"') AS TIMESTAMP) AS `last_message_at`,
  JSON_VALUE(record, '$."last_message_direction"') AS `last_message_direction`,
  SAFE_CAST(JSON_VALUE(record, '$."spam"') AS BOOL) AS `spam`,
  SAFE_CAST(JSON_VALUE(record, '$."ended"') AS BOOL) AS `ended`,
  SAFE_CAST(JSON_VALUE(record, '$."ended_at"') AS TIMESTAMP) AS `ended_at`,
  JSON_VALUE(record, '$."ended_reason"') AS `ended_reason`,
  JSON_VALUE(record, '$."ended_by_type"') AS `ended_by_type`,
  JSON_QUERY(record, '$."suggested_tags"') AS `suggested_tags`,
  JSON_VALUE_ARRAY(record, '$."suggested_shortcuts"') AS `suggested_shortcuts`,
  JSON_QUERY(record, '$."predictions"') AS `predictions`,
  JSON_QUERY(record, '$."first_message_in"') AS `first_message_in`,
  JSON_QUERY(record, '$."first_message_out"') AS `first_message_out`,
  JSON_QUERY(record, '$."last_message_in"') AS `last_message_in`,
  JSON_QUERY(record, '$."last_message_out"') AS `last_message_out`,
  JSON_QUERY(record, '$."last_message_unresponded_to"') AS `last_message_unresponded_to`,
  JSON_QUERY(record, '$."last_message_unresponded_to_since_last_done"') AS `last_message_unresponded_to_since_last_done`,
  JSON_VALUE_ARRAY(record, '$."assigned_users"') AS `assigned_users`,
  JSON_VALUE_ARRAY(record, '$."assigned_teams"') AS `assigned_teams`,
  JSON_QUERY(record, '$."first_company"') AS `first_company`,
  JSON_QUERY(record, '$."first_response"') AS `first_response`,
  JSON_QUERY(record, '$."first_response_since_last_done"') AS `first_response_since_last_done`,
  JSON_QUERY(record, '$."last_response"') AS `last_response`,
  JSON_QUERY(record, '$."first_done"') AS `first_done`,
  JSON_QUERY(record, '$."last_done"') AS `last_done`,
  JSON_QUERY(record, '$."total_open"') AS `total_open`,
  JSON_QUERY(record, '$."total_done"') AS `total_done`,
  JSON_QUERY(record, '$."total_snooze"') AS `total_snooze`,
  JSON_QUERY(record, '$."modification_history"') AS `modification_history`,
  JSON_QUERY(record, '$."assistant"') AS `assistant`,
  JSON_QUERY(record, '$."matched_time_based_rules"') AS `matched_time_based_rules`,
  JSON_VALUE(record, '$."reply_channel"') AS `reply_channel`,
  JSON_QUERY(record, '$."external_queue"') AS `external_queue`,
  JSON_QUERY(record, '$."sla"') AS `sla`,
  JSON_QUERY(record, '$."attribution"') AS `attribution`,
  JSON_QUERY(record, '$."skills"') AS `skills`,
  JSON_QUERY(record, '$."last_deflection"') AS `last_deflection`,
  JSON_VALUE_ARRAY(record, '$."linked_conversations"') AS `linked_conversations`,
  SAFE_CAST(JSON_VALUE(record, '$."merged_target"') AS BOOL) AS `merged_target`,
  SAFE_CAST(JSON_VALUE(record, '$."pinned"') AS BOOL) AS `pinned`,
  JSON_QUERY(record, '$."brand"') AS `brand`,
  JSON_VALUE(record, '$."brand"."id"') AS `brand_id`,
  JSON_QUERY(record, '$."ended_by"') AS `ended_by`,
  JSON_VALUE(record, '$."ended_by"."id"') AS `ended_by_id`,
  JSON_QUERY(record, '$."pinned_by"') AS `pinned_by`,
  JSON_VALUE(record, '$."pinned_by"."id"') AS `pinned_by_id`,
  JSON_QUERY(record, '$."sla_data"') AS `sla_data`,
  JSON_VALUE(record, '$."sla_data"."id"') AS `sla_data_id`,
  JSON_QUERY(record, '$."sub_status"') AS `sub_status`,
  JSON_VALUE(record, '$."sub_status"."id"') AS `sub_status_id`,
  run AS _run
FROM kustomer.conversations_lines;
CREATE OR REPLACE VIEW kustomer.conversations AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `modified_at`, `imported_at`, `rev`, `external_id`, `default_lang`, `locale`, `tags`, `custom`, `role_group_versions`, `access_override`, `sentiment`, `org`, `org_id`, `created_by`, `created_by_id`, `modified_by`, `modified_by_id`, `customer`, `customer_id`, `queue`, `queue_id`, `sla_version`, `sla_version_id`, `name`, `preview`, `channels`, `status`, `open`, `snooze`, `priority`, `direction`, `phase`, `message_count`, `note_count`, `outbound_message_count`, `inbound_message_count`, `done_count`, `reopen_count`, `reopen_from_done_count`, `snooze_count`, `satisfaction`, `satisfaction_level`, `last_activity_at`, `last_received_at`, `last_message_at`, `last_message_direction`, `spam`, `ended`, `ended_at`, `ended_reason`, `ended_by_type`, `suggested_tags`, `suggested_shortcuts`, `predictions`, `first_message_in`, `first_message_out`, `last_message_in`, `last_message_out`, `last_message_unresponded_to`, `last_message_unresponded_to_since_last_done`, `assigned_users`, `assigned_teams`, `first_company`, `first_response`, `first_response_since_last_done`, `last_response`, `first_done`, `last_done`, `total_open`, `total_done`, `total_snooze`, `modification_history`, `assistant`, `matched_time_based_rules`, `reply_channel`, `external_queue`, `sla`, `attribution`, `skills`, `last_deflection`, `linked_conversations`, `merged_target`, `pinned`, `brand`, `brand_id`, `ended_by`, `ended_by_id`, `pinned_by`, `pinned_by_id`, `sla_data`, `sla_data_id`, `sub_status`, `sub_status_id`
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

CREATE TABLE IF NOT EXISTS kustomer.customers_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.customers_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  SAFE_CAST(JSON_VALUE(record, '$."modified_at"') AS TIMESTAMP) AS `modified_at`,
  SAFE_CAST(JSON_VALUE(record, '$."imported_at"') AS TIMESTAMP) AS `imported_at`,
  SAFE_CAST(JSON_VALUE(record, '$."rev"') AS INT64) AS `rev`,
  JSON_VALUE(record, '$."external_id"') AS `external_id`,
  JSON_VALUE(record, '$."default_lang"') AS `default_lang`,
  JSON_VALUE(record, '$."locale"') AS `locale`,
  JSON_QUERY(record, '$."custom"') AS `custom`,
  JSON_QUERY(record, '$."role_group_versions"') AS `role_group_versions`,
  JSON_QUERY(record, '$."access_override"') AS `access_override`,
  JSON_QUERY(record, '$."sentiment"') AS `sentiment`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  JSON_QUERY(record, '$."created_by"') AS `created_by`,
  JSON_VALUE(record, '$."created_by"."id"') AS `created_by_id`,
  JSON_QUERY(record, '$."modified_by"') AS `modified_by`,
  JSON_VALUE(record, '$."modified_by"."id"') AS `modified_by_id`,
  JSON_QUERY(record, '$."company"') AS `company`,
  JSON_VALUE(record, '$."company"."id"') AS `company_id`,
  JSON_QUERY(record, '$."sla_version"') AS `sla_version`,
  JSON_VALUE(record, '$."sla_version"."id"') AS `sla_version_id`,
  JSON_VALUE(record, '$."name"') AS `name`,
  JSON_VALUE(record, '$."display_name"') AS `display_name`,
  JSON_VALUE(record, '$."display_color"') AS `display_color`,
  JSON_VALUE(record, '$."display_icon"') AS `display_icon`,
  JSON_VALUE(record, '$."first_name"') AS `first_name`,
  JSON_VALUE(record, '$."last_name"') AS `last_name`,
  JSON_VALUE(record, '$."username"') AS `username`,
  JSON_VALUE(record, '$."avatar_url"') AS `avatar_url`,
  JSON_VALUE(record, '$."company_name"') AS `company_name`,
  JSON_QUERY(record, '$."external_ids"') AS `external_ids`,
  JSON_QUERY(record, '$."shared_external_ids"') AS `shared_external_ids`,
  JSON_QUERY(record, '$."emails"') AS `emails`,
  JSON_QUERY(record, '$."shared_emails"') AS `shared_emails`,
  JSON_QUERY(record, '$."phones"') AS `phones`,
  JSON_QUERY(record, '$."shared_phones"') AS `shared_phones`,
  JSON_QUERY(record, '$."whatsapps"') AS `whatsapps`,
  JSON_QUERY(record, '$."shared_whatsapps"') AS `shared_whatsapps`,
  JSON_QUERY(record, '$."facebook_ids"') AS `facebook_ids`,
  JSON_QUERY(record, '$."instagram_ids"') AS `instagram_ids`,
  JSON_QUERY(record, '$."smooch_ids"') AS `smooch_ids`,
  JSON_QUERY(record, '$."socials"') AS `socials`,
  JSON_QUERY(record, '$."shared_socials"') AS `shared_socials`,
  JSON_QUERY(record, '$."urls"') AS `urls`,
  JSON_QUERY(record, '$."locations"') AS `locations`,
  JSON_QUERY(record, '$."active_users"') AS `active_users`,
  JSON_VALUE_ARRAY(record, '$."watchers"') AS `watchers`,
  JSON_QUERY(record, '$."recent_location"') AS `recent_location`,
  JSON_VALUE(record, '$."time_zone"') AS `time_zone`,
  JSON_VALUE(record, '$."birthday_at"') AS `birthday_at`,
  JSON_VALUE(record, '$."gender"') AS `gender`,
  JSON_VALUE(record, '$."presence"') AS `presence`,
  SAFE_CAST(JSON_VALUE(record, '$."signed_up_at"') AS TIMESTAMP) AS `signed_up_at`,
  SAFE_CAST(JSON_VALUE(record, '$."last_seen_at"') AS TIMESTAMP) AS `last_seen_at`,
  SAFE_CAST(JSON_VALUE(record, '$."last_activity_at"') AS TIMESTAMP) AS `last_activity_at`,
  SAFE_CAST(JSON_VALUE(record, '$."last_customer_activity_at"') AS TIMESTAMP) AS `last_customer_activity_at`,
  SAFE_CAST(JSON_VALUE(record, '$."last_message_at"') AS TIMESTAMP) AS `last_message_at`,
  JSON_QUERY(record, '$."last_message_in"') AS `last_message_in`,
  JSON_QUERY(record, '$."last_message_out"') AS `last_message_out`,
  JSON_QUERY(record, '$."last_message_unresponded_to"') AS `last_message_unresponded_to`,
  JSON_QUERY(record, '$."last_conversation"') AS `last_conversation`,
  JSON_QUERY(record, '$."conversation_counts"') AS `conversation_counts`,
  JSON_QUERY(record, '$."preview"') AS `preview`,
  JSON_QUERY(record, '$."tags"') AS `tags`,
  JSON_VALUE(record, '$."progressive_status"') AS `progressive_status`,
  JSON_QUERY(record, '$."satisfaction_level"') AS `satisfaction_level`,
  SAFE_CAST(JSON_VALUE(record, '$."verified"') AS BOOL) AS `verified`,
  JSON_QUERY(record, '$."recent_items"') AS `recent_items`,
  JSON_QUERY(record, '$."unmasking_window"') AS `unmasking_window`,
  JSON_QUERY(record, '$."sla"') AS `sla`,
  JSON_QUERY(record, '$."sla_data"') AS `sla_data`,
  JSON_VALUE(record, '$."sla_data"."id"') AS `sla_data_id`,
  run AS _run
FROM kustomer.customers_lines;
CREATE OR REPLACE VIEW kustomer.customers AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `modified_at`, `imported_at`, `rev`, `external_id`, `default_lang`, `locale`, `custom`, `role_group_versions`, `access_override`, `sentiment`, `org`, `org_id`, `created_by`, `created_by_id`, `modified_by`, `modified_by_id`, `company`, `company_id`, `sla_version`, `sla_version_id`, `name`, `display_name`, `display_color`, `display_icon`, `first_name`, `last_name`, `username`, `avatar_url`, `company_name`, `external_ids`, `shared_external_ids`, `emails`, `shared_emails`, `phones`, `shared_phones`, `whatsapps`, `shared_whatsapps`, `facebook_ids`, `instagram_ids`, `smooch_ids`, `socials`, `shared_socials`, `urls`, `locations`, `active_users`, `watchers`, `recent_location`, `time_zone`, `birthday_at`, `gender`, `presence`, `signed_up_at`, `last_seen_at`, `last_activity_at`, `last_customer_activity_at`, `last_message_at`, `last_message_in`, `last_message_out`, `last_message_unresponded_to`, `last_conversation`, `conversation_counts`, `preview`, `tags`, `progressive_status`, `satisfaction_level`, `verified`, `recent_items`, `unmasking_window`, `sla`, `sla_data`, `sla_data_id`
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

CREATE TABLE IF NOT EXISTS kustomer.kobjects_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.kobjects_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  SAFE_CAST(JSON_VALUE(record, '$."modified_at"') AS TIMESTAMP) AS `modified_at`,
  SAFE_CAST(JSON_VALUE(record, '$."imported_at"') AS TIMESTAMP) AS `imported_at`,
  SAFE_CAST(JSON_VALUE(record, '$."rev"') AS INT64) AS `rev`,
  JSON_VALUE(record, '$."external_id"') AS `external_id`,
  JSON_QUERY(record, '$."custom"') AS `custom`,
  JSON_QUERY(record, '$."role_group_versions"') AS `role_group_versions`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  JSON_QUERY(record, '$."created_by"') AS `created_by`,
  JSON_VALUE(record, '$."created_by"."id"') AS `created_by_id`,
  JSON_QUERY(record, '$."modified_by"') AS `modified_by`,
  JSON_VALUE(record, '$."modified_by"."id"') AS `modified_by_id`,
  JSON_QUERY(record, '$."customer"') AS `customer`,
  JSON_VALUE(record, '$."customer"."id"') AS `customer_id`,
  JSON_QUERY(record, '$."company"') AS `company`,
  JSON_VALUE(record, '$."company"."id"') AS `company_id`,
  JSON_QUERY(record, '$."queue"') AS `queue`,
  JSON_VALUE(record, '$."queue"."id"') AS `queue_id`,
  JSON_VALUE(record, '$."title"') AS `title`,
  JSON_VALUE(record, '$."description"') AS `description`,
  JSON_VALUE(record, '$."icon"') AS `icon`,
  JSON_QUERY(record, '$."images"') AS `images`,
  JSON_QUERY(record, '$."data"') AS `data`,
  JSON_QUERY(record, '$."tags"') AS `tags`,
  JSON_VALUE(record, '$."klass_display_name"') AS `klass_display_name`,
  JSON_QUERY(record, '$."klass_mixins"') AS `klass_mixins`,
  JSON_VALUE(record, '$."s3_data_url"') AS `s3_data_url`,
  JSON_QUERY(record, '$."attribution"') AS `attribution`,
  JSON_VALUE(record, '$."status"') AS `status`,
  JSON_VALUE(record, '$."assigned_user"') AS `assigned_user`,
  JSON_VALUE(record, '$."assigned_team"') AS `assigned_team`,
  JSON_QUERY(record, '$."first_done"') AS `first_done`,
  JSON_QUERY(record, '$."last_done"') AS `last_done`,
  SAFE_CAST(JSON_VALUE(record, '$."done_count"') AS INT64) AS `done_count`,
  SAFE_CAST(JSON_VALUE(record, '$."reopen_count"') AS INT64) AS `reopen_count`,
  SAFE_CAST(JSON_VALUE(record, '$."reopen_from_done_count"') AS INT64) AS `reopen_from_done_count`,
  JSON_QUERY(record, '$."klass"') AS `klass`,
  JSON_VALUE(record, '$."klass"."id"') AS `klass_id`,
  run AS _run
FROM kustomer.kobjects_lines;
CREATE OR REPLACE VIEW kustomer.kobjects AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `modified_at`, `imported_at`, `rev`, `external_id`, `custom`, `role_group_versions`, `org`, `org_id`, `created_by`, `created_by_id`, `modified_by`, `modified_by_id`, `customer`, `customer_id`, `company`, `company_id`, `queue`, `queue_id`, `title`, `description`, `icon`, `images`, `data`, `tags`, `klass_display_name`, `klass_mixins`, `s3_data_url`, `attribution`, `status`, `assigned_user`, `assigned_team`, `first_done`, `last_done`, `done_count`, `reopen_count`, `reopen_from_done_count`, `klass`, `klass_id`
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

CREATE TABLE IF NOT EXISTS kustomer.messages_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.messages_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  SAFE_CAST(JSON_VALUE(record, '$."modified_at"') AS TIMESTAMP) AS `modified_at`,
  SAFE_CAST(JSON_VALUE(record, '$."imported_at"') AS TIMESTAMP) AS `imported_at`,
  SAFE_CAST(JSON_VALUE(record, '$."rev"') AS INT64) AS `rev`,
  JSON_VALUE(record, '$."external_id"') AS `external_id`,
  JSON_VALUE(record, '$."lang"') AS `lang`,
  JSON_QUERY(record, '$."custom"') AS `custom`,
  JSON_QUERY(record, '$."sentiment"') AS `sentiment`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  JSON_QUERY(record, '$."created_by"') AS `created_by`,
  JSON_VALUE(record, '$."created_by"."id"') AS `created_by_id`,
  JSON_QUERY(record, '$."modified_by"') AS `modified_by`,
  JSON_VALUE(record, '$."modified_by"."id"') AS `modified_by_id`,
  JSON_QUERY(record, '$."customer"') AS `customer`,
  JSON_VALUE(record, '$."customer"."id"') AS `customer_id`,
  JSON_QUERY(record, '$."conversation"') AS `conversation`,
  JSON_VALUE(record, '$."conversation"."id"') AS `conversation_id`,
  JSON_VALUE(record, '$."channel"') AS `channel`,
  JSON_VALUE(record, '$."app"') AS `app`,
  SAFE_CAST(JSON_VALUE(record, '$."size"') AS INT64) AS `size`,
  JSON_VALUE(record, '$."direction"') AS `direction`,
  JSON_VALUE(record, '$."direction_type"') AS `direction_type`,
  JSON_VALUE(record, '$."preview"') AS `preview`,
  JSON_VALUE(record, '$."subject"') AS `subject`,
  JSON_QUERY(record, '$."meta"') AS `meta`,
  JSON_VALUE(record, '$."status"') AS `status`,
  SAFE_CAST(JSON_VALUE(record, '$."error_at"') AS TIMESTAMP) AS `error_at`,
  SAFE_CAST(JSON_VALUE(record, '$."response_time"') AS INT64) AS `response_time`,
  SAFE_CAST(JSON_VALUE(record, '$."response_business_time"') AS INT64) AS `response_business_time`,
  JSON_VALUE_ARRAY(record, '$."assigned_teams"') AS `assigned_teams`,
  JSON_VALUE_ARRAY(record, '$."assigned_users"') AS `assigned_users`,
  JSON_VALUE_ARRAY(record, '$."created_by_teams"') AS `created_by_teams`,
  SAFE_CAST(JSON_VALUE(record, '$."auto"') AS BOOL) AS `auto`,
  JSON_VALUE(record, '$."source"') AS `source`,
  SAFE_CAST(JSON_VALUE(record, '$."sent_at"') AS TIMESTAMP) AS `sent_at`,
  SAFE_CAST(JSON_VALUE(record, '$."redacted"') AS BOOL) AS `redacted`,
  SAFE_CAST(JSON_VALUE(record, '$."redacted_at"') AS TIMESTAMP) AS `redacted_at`,
  JSON_QUERY(record, '$."reactions"') AS `reactions`,
  JSON_QUERY(record, '$."first_delivered"') AS `first_delivered`,
  JSON_QUERY(record, '$."first_read"') AS `first_read`,
  JSON_QUERY(record, '$."intent_detections"') AS `intent_detections`,
  JSON_QUERY(record, '$."location"') AS `location`,
  JSON_QUERY(record, '$."shortcuts"') AS `shortcuts`,
  JSON_QUERY(record, '$."attachments"') AS `attachments`,
  JSON_QUERY(record, '$."kb_articles"') AS `kb_articles`,
  run AS _run
FROM kustomer.messages_lines;
CREATE OR REPLACE VIEW kustomer.messages AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `modified_at`, `imported_at`, `rev`, `external_id`, `lang`, `custom`, `sentiment`, `org`, `org_id`, `created_by`, `created_by_id`, `modified_by`, `modified_by_id`, `customer`, `customer_id`, `conversation`, `conversation_id`, `channel`, `app`, `size`, `direction`, `direction_type`, `preview`, `subject`, `meta`, `status`, `error_at`, `response_time`, `response_business_time`, `assigned_teams`, `assigned_users`, `created_by_teams`, `auto`, `source`, `sent_at`, `redacted`, `redacted_at`, `reactions`, `first_delivered`, `first_read`, `intent_detections`, `location`, `shortcuts`, `attachments`, `kb_articles`
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

CREATE TABLE IF NOT EXISTS kustomer.notes_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.notes_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  SAFE_CAST(JSON_VALUE(record, '$."modified_at"') AS TIMESTAMP) AS `modified_at`,
  SAFE_CAST(JSON_VALUE(record, '$."imported_at"') AS TIMESTAMP) AS `imported_at`,
  JSON_VALUE(record, '$."external_id"') AS `external_id`,
  JSON_VALUE(record, '$."lang"') AS `lang`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  JSON_QUERY(record, '$."created_by"') AS `created_by`,
  JSON_VALUE(record, '$."created_by"."id"') AS `created_by_id`,
  JSON_QUERY(record, '$."modified_by"') AS `modified_by`,
  JSON_VALUE(record, '$."modified_by"."id"') AS `modified_by_id`,
  JSON_QUERY(record, '$."deleted_by"') AS `deleted_by`,
  JSON_VALUE(record, '$."deleted_by"."id"') AS `deleted_by_id`,
  JSON_QUERY(record, '$."customer"') AS `customer`,
  JSON_VALUE(record, '$."customer"."id"') AS `customer_id`,
  JSON_QUERY(record, '$."conversation"') AS `conversation`,
  JSON_VALUE(record, '$."conversation"."id"') AS `conversation_id`,
  JSON_VALUE(record, '$."body"') AS `body`,
  JSON_VALUE_ARRAY(record, '$."created_by_teams"') AS `created_by_teams`,
  JSON_QUERY(record, '$."user_mentions"') AS `user_mentions`,
  run AS _run
FROM kustomer.notes_lines;
CREATE OR REPLACE VIEW kustomer.notes AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `modified_at`, `imported_at`, `external_id`, `lang`, `org`, `org_id`, `created_by`, `created_by_id`, `modified_by`, `modified_by_id`, `deleted_by`, `deleted_by_id`, `customer`, `customer_id`, `conversation`, `conversation_id`, `body`, `created_by_teams`, `user_mentions`
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

CREATE TABLE IF NOT EXISTS kustomer.shortcuts_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.shortcuts_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  SAFE_CAST(JSON_VALUE(record, '$."modified_at"') AS TIMESTAMP) AS `modified_at`,
  SAFE_CAST(JSON_VALUE(record, '$."rev"') AS INT64) AS `rev`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  JSON_QUERY(record, '$."created_by"') AS `created_by`,
  JSON_VALUE(record, '$."created_by"."id"') AS `created_by_id`,
  JSON_QUERY(record, '$."modified_by"') AS `modified_by`,
  JSON_VALUE(record, '$."modified_by"."id"') AS `modified_by_id`,
  JSON_VALUE(record, '$."name"') AS `name`,
  JSON_QUERY(record, '$."draft"') AS `draft`,
  JSON_QUERY(record, '$."conversation"') AS `conversation`,
  JSON_QUERY(record, '$."payload"') AS `payload`,
  SAFE_CAST(JSON_VALUE(record, '$."is_private"') AS BOOL) AS `is_private`,
  SAFE_CAST(JSON_VALUE(record, '$."app_disabled"') AS BOOL) AS `app_disabled`,
  JSON_QUERY(record, '$."parent"') AS `parent`,
  JSON_VALUE(record, '$."parent"."id"') AS `parent_id`,
  JSON_QUERY(record, '$."access_users"') AS `access_users`,
  JSON_QUERY(record, '$."access_teams"') AS `access_teams`,
  JSON_QUERY(record, '$."attachments"') AS `attachments`,
  run AS _run
FROM kustomer.shortcuts_lines;
CREATE OR REPLACE VIEW kustomer.shortcuts AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `modified_at`, `rev`, `org`, `org_id`, `created_by`, `created_by_id`, `modified_by`, `modified_by_id`, `name`, `draft`, `conversation`, `payload`, `is_private`, `app_disabled`, `parent`, `parent_id`, `access_users`, `access_teams`, `attachments`
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

CREATE TABLE IF NOT EXISTS kustomer.tags_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.tags_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  SAFE_CAST(JSON_VALUE(record, '$."modified_at"') AS TIMESTAMP) AS `modified_at`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  JSON_QUERY(record, '$."created_by"') AS `created_by`,
  JSON_VALUE(record, '$."created_by"."id"') AS `created_by_id`,
  JSON_QUERY(record, '$."modified_by"') AS `modified_by`,
  JSON_VALUE(record, '$."modified_by"."id"') AS `modified_by_id`,
  JSON_QUERY(record, '$."deleted_by"') AS `deleted_by`,
  JSON_VALUE(record, '$."deleted_by"."id"') AS `deleted_by_id`,
  JSON_VALUE(record, '$."name"') AS `name`,
  JSON_VALUE(record, '$."color"') AS `color`,
  run AS _run
FROM kustomer.tags_lines;
CREATE OR REPLACE VIEW kustomer.tags AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `modified_at`, `org`, `org_id`, `created_by`, `created_by_id`, `modified_by`, `modified_by_id`, `deleted_by`, `deleted_by_id`, `name`, `color`
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

CREATE TABLE IF NOT EXISTS kustomer.teams_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.teams_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  SAFE_CAST(JSON_VALUE(record, '$."modified_at"') AS TIMESTAMP) AS `modified_at`,
  SAFE_CAST(JSON_VALUE(record, '$."imported_at"') AS TIMESTAMP) AS `imported_at`,
  JSON_VALUE(record, '$."external_id"') AS `external_id`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  JSON_QUERY(record, '$."created_by"') AS `created_by`,
  JSON_VALUE(record, '$."created_by"."id"') AS `created_by_id`,
  JSON_QUERY(record, '$."modified_by"') AS `modified_by`,
  JSON_VALUE(record, '$."modified_by"."id"') AS `modified_by_id`,
  JSON_QUERY(record, '$."deleted_by"') AS `deleted_by`,
  JSON_VALUE(record, '$."deleted_by"."id"') AS `deleted_by_id`,
  JSON_VALUE(record, '$."name"') AS `name`,
  JSON_VALUE(record, '$."display_name"') AS `display_name`,
  JSON_VALUE(record, '$."icon"') AS `icon`,
  JSON_VALUE_ARRAY(record, '$."members"') AS `members`,
  JSON_QUERY(record, '$."role_groups"') AS `role_groups`,
  run AS _run
FROM kustomer.teams_lines;
CREATE OR REPLACE VIEW kustomer.teams AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `modified_at`, `imported_at`, `external_id`, `org`, `org_id`, `created_by`, `created_by_id`, `modified_by`, `modified_by_id`, `deleted_by`, `deleted_by_id`, `name`, `display_name`, `icon`, `members`, `role_groups`
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

CREATE TABLE IF NOT EXISTS kustomer.users_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.users_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  SAFE_CAST(JSON_VALUE(record, '$."modified_at"') AS TIMESTAMP) AS `modified_at`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  JSON_QUERY(record, '$."created_by"') AS `created_by`,
  JSON_VALUE(record, '$."created_by"."id"') AS `created_by_id`,
  JSON_QUERY(record, '$."modified_by"') AS `modified_by`,
  JSON_VALUE(record, '$."modified_by"."id"') AS `modified_by_id`,
  JSON_VALUE(record, '$."display_name"') AS `display_name`,
  JSON_VALUE(record, '$."name"') AS `name`,
  JSON_VALUE(record, '$."user_type"') AS `user_type`,
  JSON_VALUE(record, '$."email"') AS `email`,
  SAFE_CAST(JSON_VALUE(record, '$."email_verified_at"') AS TIMESTAMP) AS `email_verified_at`,
  SAFE_CAST(JSON_VALUE(record, '$."first_email_verified_at"') AS TIMESTAMP) AS `first_email_verified_at`,
  JSON_VALUE(record, '$."mobile"') AS `mobile`,
  JSON_VALUE(record, '$."email_signature"') AS `email_signature`,
  JSON_VALUE(record, '$."avatar_url"') AS `avatar_url`,
  JSON_QUERY(record, '$."password"') AS `password`,
  JSON_VALUE(record, '$."verified_email_status"') AS `verified_email_status`,
  SAFE_CAST(JSON_VALUE(record, '$."is_email_valid"') AS BOOL) AS `is_email_valid`,
  JSON_QUERY(record, '$."role_groups"') AS `role_groups`,
  JSON_QUERY(record, '$."roles"') AS `roles`,
  SAFE_CAST(JSON_VALUE(record, '$."first_login_at"') AS TIMESTAMP) AS `first_login_at`,
  SAFE_CAST(JSON_VALUE(record, '$."most_recent_login_at"') AS TIMESTAMP) AS `most_recent_login_at`,
  run AS _run
FROM kustomer.users_lines;
CREATE OR REPLACE VIEW kustomer.users AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `modified_at`, `org`, `org_id`, `created_by`, `created_by_id`, `modified_by`, `modified_by_id`, `display_name`, `name`, `user_type`, `email`, `email_verified_at`, `first_email_verified_at`, `mobile`, `email_signature`, `avatar_url`, `password`, `verified_email_status`, `is_email_valid`, `role_groups`, `roles`, `first_login_at`, `most_recent_login_at`
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

CREATE TABLE IF NOT EXISTS kustomer.companies_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.companies_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  SAFE_CAST(JSON_VALUE(record, '$."modified_at"') AS TIMESTAMP) AS `modified_at`,
  SAFE_CAST(JSON_VALUE(record, '$."imported_at"') AS TIMESTAMP) AS `imported_at`,
  SAFE_CAST(JSON_VALUE(record, '$."rev"') AS INT64) AS `rev`,
  JSON_VALUE(record, '$."external_id"') AS `external_id`,
  JSON_VALUE(record, '$."default_lang"') AS `default_lang`,
  JSON_QUERY(record, '$."custom"') AS `custom`,
  JSON_QUERY(record, '$."role_group_versions"') AS `role_group_versions`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  JSON_QUERY(record, '$."created_by"') AS `created_by`,
  JSON_VALUE(record, '$."created_by"."id"') AS `created_by_id`,
  JSON_QUERY(record, '$."modified_by"') AS `modified_by`,
  JSON_VALUE(record, '$."modified_by"."id"') AS `modified_by_id`,
  JSON_VALUE(record, '$."name"') AS `name`,
  JSON_QUERY(record, '$."tags"') AS `tags`,
  JSON_QUERY(record, '$."domains"') AS `domains`,
  JSON_QUERY(record, '$."emails"') AS `emails`,
  JSON_QUERY(record, '$."phones"') AS `phones`,
  JSON_QUERY(record, '$."whatsapps"') AS `whatsapps`,
  JSON_QUERY(record, '$."socials"') AS `socials`,
  JSON_QUERY(record, '$."urls"') AS `urls`,
  JSON_QUERY(record, '$."locations"') AS `locations`,
  run AS _run
FROM kustomer.companies_lines;
CREATE OR REPLACE VIEW kustomer.companies AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `modified_at`, `imported_at`, `rev`, `external_id`, `default_lang`, `custom`, `role_group_versions`, `org`, `org_id`, `created_by`, `created_by_id`, `modified_by`, `modified_by_id`, `name`, `tags`, `domains`, `emails`, `phones`, `whatsapps`, `socials`, `urls`, `locations`
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

CREATE TABLE IF NOT EXISTS kustomer.work_sessions_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.work_sessions_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  SAFE_CAST(JSON_VALUE(record, '$."rev"') AS INT64) AS `rev`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  SAFE_CAST(JSON_VALUE(record, '$."active"') AS BOOL) AS `active`,
  JSON_VALUE(record, '$."status_type"') AS `status_type`,
  JSON_VALUE(record, '$."capacity_status"') AS `capacity_status`,
  SAFE_CAST(JSON_VALUE(record, '$."capacity_remaining"') AS INT64) AS `capacity_remaining`,
  SAFE_CAST(JSON_VALUE(record, '$."handled_conversation_count"') AS INT64) AS `handled_conversation_count`,
  SAFE_CAST(JSON_VALUE(record, '$."handled_item_count"') AS INT64) AS `handled_item_count`,
  SAFE_CAST(JSON_VALUE(record, '$."has_pending_item"') AS BOOL) AS `has_pending_item`,
  SAFE_CAST(JSON_VALUE(record, '$."has_skills"') AS BOOL) AS `has_skills`,
  SAFE_CAST(JSON_VALUE(record, '$."paused_work_item_count"') AS INT64) AS `paused_work_item_count`,
  SAFE_CAST(JSON_VALUE(record, '$."routable"') AS BOOL) AS `routable`,
  SAFE_CAST(JSON_VALUE(record, '$."signed_in_at"') AS TIMESTAMP) AS `signed_in_at`,
  SAFE_CAST(JSON_VALUE(record, '$."signed_out_at"') AS TIMESTAMP) AS `signed_out_at`,
  SAFE_CAST(JSON_VALUE(record, '$."idle_since"') AS TIMESTAMP) AS `idle_since`,
  SAFE_CAST(JSON_VALUE(record, '$."last_assigned_item_at"') AS TIMESTAMP) AS `last_assigned_item_at`,
  JSON_QUERY(record, '$."total_available"') AS `total_available`,
  JSON_QUERY(record, '$."user"') AS `user`,
  JSON_VALUE(record, '$."user"."id"') AS `user_id`,
  JSON_QUERY(record, '$."team"') AS `team`,
  JSON_VALUE(record, '$."team"."id"') AS `team_id`,
  JSON_QUERY(record, '$."queues"') AS `queues`,
  run AS _run
FROM kustomer.work_sessions_lines;
CREATE OR REPLACE VIEW kustomer.work_sessions AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `rev`, `org`, `org_id`, `active`, `status_type`, `capacity_status`, `capacity_remaining`, `handled_conversation_count`, `handled_item_count`, `has_pending_item`, `has_skills`, `paused_work_item_count`, `routable`, `signed_in_at`, `signed_out_at`, `idle_since`, `last_assigned_item_at`, `total_available`, `user`, `user_id`, `team`, `team_id`, `queues`
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

CREATE TABLE IF NOT EXISTS kustomer.work_items_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.work_items_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  SAFE_CAST(JSON_VALUE(record, '$."rev"') AS INT64) AS `rev`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  JSON_QUERY(record, '$."customer"') AS `customer`,
  JSON_VALUE(record, '$."customer"."id"') AS `customer_id`,
  JSON_QUERY(record, '$."conversation"') AS `conversation`,
  JSON_VALUE(record, '$."conversation"."id"') AS `conversation_id`,
  JSON_QUERY(record, '$."queue"') AS `queue`,
  JSON_VALUE(record, '$."queue"."id"') AS `queue_id`,
  JSON_VALUE(record, '$."status"') AS `status`,
  SAFE_CAST(JSON_VALUE(record, '$."queued_count"') AS INT64) AS `queued_count`,
  JSON_VALUE(record, '$."resource_type"') AS `resource_type`,
  JSON_QUERY(record, '$."resource"') AS `resource`,
  SAFE_CAST(JSON_VALUE(record, '$."priority"') AS INT64) AS `priority`,
  SAFE_CAST(JSON_VALUE(record, '$."item_size"') AS INT64) AS `item_size`,
  JSON_QUERY(record, '$."handle"') AS `handle`,
  JSON_QUERY(record, '$."wrap_up"') AS `wrap_up`,
  JSON_QUERY(record, '$."abandoned"') AS `abandoned`,
  JSON_QUERY(record, '$."last_revision"') AS `last_revision`,
  JSON_QUERY(record, '$."assigned_to"') AS `assigned_to`,
  JSON_VALUE(record, '$."assigned_to"."id"') AS `assigned_to_id`,
  run AS _run
FROM kustomer.work_items_lines;
CREATE OR REPLACE VIEW kustomer.work_items AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `rev`, `org`, `org_id`, `customer`, `customer_id`, `conversation`, `conversation_id`, `queue`, `queue_id`, `status`, `queued_count`, `resource_type`, `resource`, `priority`, `item_size`, `handle`, `wrap_up`, `abandoned`, `last_revision`, `assigned_to`, `assigned_to_id`
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

CREATE TABLE IF NOT EXISTS kustomer.conversation_times_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.conversation_times_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  JSON_QUERY(record, '$."created_by"') AS `created_by`,
  JSON_VALUE(record, '$."created_by"."id"') AS `created_by_id`,
  JSON_QUERY(record, '$."customer"') AS `customer`,
  JSON_VALUE(record, '$."customer"."id"') AS `customer_id`,
  JSON_QUERY(record, '$."conversation"') AS `conversation`,
  JSON_VALUE(record, '$."conversation"."id"') AS `conversation_id`,
  SAFE_CAST(JSON_VALUE(record, '$."handle_at"') AS TIMESTAMP) AS `handle_at`,
  SAFE_CAST(JSON_VALUE(record, '$."handle_time"') AS INT64) AS `handle_time`,
  SAFE_CAST(JSON_VALUE(record, '$."message_at"') AS TIMESTAMP) AS `message_at`,
  SAFE_CAST(JSON_VALUE(record, '$."message_time"') AS INT64) AS `message_time`,
  JSON_QUERY(record, '$."channels"') AS `channels`,
  JSON_VALUE_ARRAY(record, '$."assigned_users"') AS `assigned_users`,
  JSON_VALUE_ARRAY(record, '$."assigned_teams"') AS `assigned_teams`,
  JSON_VALUE_ARRAY(record, '$."created_by_teams"') AS `created_by_teams`,
  JSON_QUERY(record, '$."user"') AS `user`,
  JSON_VALUE(record, '$."user"."id"') AS `user_id`,
  run AS _run
FROM kustomer.conversation_times_lines;
CREATE OR REPLACE VIEW kustomer.conversation_times AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `org`, `org_id`, `created_by`, `created_by_id`, `customer`, `customer_id`, `conversation`, `conversation_id`, `handle_at`, `handle_time`, `message_at`, `message_time`, `channels`, `assigned_users`, `assigned_teams`, `created_by_teams`, `user`, `user_id`
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

CREATE TABLE IF NOT EXISTS kustomer.queues_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.queues_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  SAFE_CAST(JSON_VALUE(record, '$."modified_at"') AS TIMESTAMP) AS `modified_at`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  JSON_QUERY(record, '$."created_by"') AS `created_by`,
  JSON_VALUE(record, '$."created_by"."id"') AS `created_by_id`,
  JSON_QUERY(record, '$."modified_by"') AS `modified_by`,
  JSON_VALUE(record, '$."modified_by"."id"') AS `modified_by_id`,
  JSON_VALUE(record, '$."name"') AS `name`,
  JSON_VALUE(record, '$."display_name"') AS `display_name`,
  JSON_VALUE(record, '$."description"') AS `description`,
  JSON_VALUE(record, '$."key"') AS `key`,
  SAFE_CAST(JSON_VALUE(record, '$."priority"') AS INT64) AS `priority`,
  SAFE_CAST(JSON_VALUE(record, '$."item_size"') AS INT64) AS `item_size`,
  SAFE_CAST(JSON_VALUE(record, '$."restrict_transfers_by_users"') AS BOOL) AS `restrict_transfers_by_users`,
  JSON_QUERY(record, '$."settings"') AS `settings`,
  SAFE_CAST(JSON_VALUE(record, '$."system"') AS BOOL) AS `system`,
  run AS _run
FROM kustomer.queues_lines;
CREATE OR REPLACE VIEW kustomer.queues AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `modified_at`, `org`, `org_id`, `created_by`, `created_by_id`, `modified_by`, `modified_by_id`, `name`, `display_name`, `description`, `key`, `priority`, `item_size`, `restrict_transfers_by_users`, `settings`, `system`
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

CREATE TABLE IF NOT EXISTS kustomer.brands_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.brands_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  SAFE_CAST(JSON_VALUE(record, '$."modified_at"') AS TIMESTAMP) AS `modified_at`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  JSON_QUERY(record, '$."created_by"') AS `created_by`,
  JSON_VALUE(record, '$."created_by"."id"') AS `created_by_id`,
  JSON_QUERY(record, '$."modified_by"') AS `modified_by`,
  JSON_VALUE(record, '$."modified_by"."id"') AS `modified_by_id`,
  JSON_VALUE(record, '$."name"') AS `name`,
  SAFE_CAST(JSON_VALUE(record, '$."default"') AS BOOL) AS `default`,
  JSON_VALUE(record, '$."icon_url"') AS `icon_url`,
  run AS _run
FROM kustomer.brands_lines;
CREATE OR REPLACE VIEW kustomer.brands AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `modified_at`, `org`, `org_id`, `created_by`, `created_by_id`, `modified_by`, `modified_by_id`, `name`, `default`, `icon_url`
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

CREATE TABLE IF NOT EXISTS kustomer.slas_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.slas_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  JSON_QUERY(record, '$."created_by"') AS `created_by`,
  JSON_VALUE(record, '$."created_by"."id"') AS `created_by_id`,
  SAFE_CAST(JSON_VALUE(record, '$."current_version"') AS INT64) AS `current_version`,
  JSON_QUERY(record, '$."versions"') AS `versions`,
  JSON_VALUE(record, '$."name"') AS `name`,
  JSON_VALUE(record, '$."description"') AS `description`,
  SAFE_CAST(JSON_VALUE(record, '$."version"') AS INT64) AS `version`,
  JSON_VALUE(record, '$."hours"') AS `hours`,
  JSON_QUERY(record, '$."metrics"') AS `metrics`,
  JSON_QUERY(record, '$."criteria"') AS `criteria`,
  JSON_QUERY(record, '$."sla"') AS `sla`,
  JSON_VALUE(record, '$."sla"."id"') AS `sla_id`,
  run AS _run
FROM kustomer.slas_lines;
CREATE OR REPLACE VIEW kustomer.slas AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `org`, `org_id`, `created_by`, `created_by_id`, `current_version`, `versions`, `name`, `description`, `version`, `hours`, `metrics`, `criteria`, `sla`, `sla_id`
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

CREATE TABLE IF NOT EXISTS kustomer.business_schedules_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.business_schedules_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  SAFE_CAST(JSON_VALUE(record, '$."modified_at"') AS TIMESTAMP) AS `modified_at`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  JSON_QUERY(record, '$."created_by"') AS `created_by`,
  JSON_VALUE(record, '$."created_by"."id"') AS `created_by_id`,
  JSON_QUERY(record, '$."modified_by"') AS `modified_by`,
  JSON_VALUE(record, '$."modified_by"."id"') AS `modified_by_id`,
  JSON_VALUE(record, '$."name"') AS `name`,
  JSON_QUERY(record, '$."hours"') AS `hours`,
  JSON_VALUE(record, '$."timezone"') AS `timezone`,
  SAFE_CAST(JSON_VALUE(record, '$."default"') AS BOOL) AS `default`,
  JSON_QUERY(record, '$."holidays"') AS `holidays`,
  run AS _run
FROM kustomer.business_schedules_lines;
CREATE OR REPLACE VIEW kustomer.business_schedules AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `modified_at`, `org`, `org_id`, `created_by`, `created_by_id`, `modified_by`, `modified_by_id`, `name`, `hours`, `timezone`, `default`, `holidays`
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

CREATE TABLE IF NOT EXISTS kustomer.klasses_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.klasses_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  JSON_VALUE(record, '$."name"') AS `name`,
  JSON_VALUE(record, '$."display_name"') AS `display_name`,
  JSON_VALUE(record, '$."displayname"') AS `displayname`,
  JSON_VALUE(record, '$."icon"') AS `icon`,
  JSON_VALUE(record, '$."color"') AS `color`,
  JSON_VALUE(record, '$."klass_schema"') AS `klass_schema`,
  JSON_VALUE(record, '$."app_version"') AS `app_version`,
  SAFE_CAST(JSON_VALUE(record, '$."app_disabled"') AS BOOL) AS `app_disabled`,
  JSON_VALUE(record, '$."status"') AS `status`,
  JSON_QUERY(record, '$."mixins"') AS `mixins`,
  JSON_VALUE(record, '$."s3_data_url"') AS `s3_data_url`,
  run AS _run
FROM kustomer.klasses_lines;
CREATE OR REPLACE VIEW kustomer.klasses AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `org`, `org_id`, `name`, `display_name`, `displayname`, `icon`, `color`, `klass_schema`, `app_version`, `app_disabled`, `status`, `mixins`, `s3_data_url`
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

CREATE TABLE IF NOT EXISTS kustomer.custom_attributes_lines (run BIGINT, record STRING);
CREATE OR REPLACE VIEW kustomer.custom_attributes_history AS
SELECT
  JSON_VALUE(record, '$."id"') AS `id`,
  JSON_VALUE(record, '$."type"') AS `type`,
  JSON_QUERY(record, '$."links"') AS `links`,
  SAFE_CAST(JSON_VALUE(record, '$."created_at"') AS TIMESTAMP) AS `created_at`,
  SAFE_CAST(JSON_VALUE(record, '$."updated_at"') AS TIMESTAMP) AS `updated_at`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted"') AS BOOL) AS `deleted`,
  SAFE_CAST(JSON_VALUE(record, '$."deleted_at"') AS TIMESTAMP) AS `deleted_at`,
  JSON_QUERY(record, '$."org"') AS `org`,
  JSON_VALUE(record, '$."org"."id"') AS `org_id`,
  JSON_QUERY(record, '$."properties"') AS `properties`,
  run AS _run
FROM kustomer.custom_attributes_lines;
CREATE OR REPLACE VIEW kustomer.custom_attributes AS
SELECT `id`, `type`, `links`, `created_at`, `updated_at`, `deleted`, `deleted_at`, `org`, `org_id`, `properties`
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
