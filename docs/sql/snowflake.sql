-- Views for Snowflake, written by npm run generate. Load each line of a stream's files, unchanged,
-- into the column record of its table <stream>_lines; a line that is loaded twice does no harm. <stream> then has the
-- latest version of each record that exists, <stream>_history every version. Other columns: see custom.
--
-- kustomer.ids is for reconciliations, and may stay empty: a row for each id of each complete stream, and then one
-- without an id. as_of is that of the manifest, since the "from" of the stream, or null where that is empty.

CREATE TABLE IF NOT EXISTS kustomer.ids (stream VARCHAR, as_of TIMESTAMP_TZ, since TIMESTAMP_TZ, id VARCHAR);

CREATE TABLE IF NOT EXISTS kustomer.conversations_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.conversations_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"modified_at"::VARCHAR) AS "MODIFIED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"imported_at"::VARCHAR) AS "IMPORTED_AT",
  TRY_TO_NUMBER(record:"rev"::VARCHAR) AS "REV",
  record:"external_id"::VARCHAR AS "EXTERNAL_ID",
  record:"default_lang"::VARCHAR AS "DEFAULT_LANG",
  record:"locale"::VARCHAR AS "LOCALE",
  record:"tags" AS "TAGS",
  record:"custom" AS "CUSTOM",
  record:"role_group_versions" AS "ROLE_GROUP_VERSIONS",
  record:"access_override" AS "ACCESS_OVERRIDE",
  record:"sentiment" AS "SENTIMENT",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  record:"created_by" AS "CREATED_BY",
  record:"created_by"."id"::VARCHAR AS "CREATED_BY_ID",
  record:"modified_by" AS "MODIFIED_BY",
  record:"modified_by"."id"::VARCHAR AS "MODIFIED_BY_ID",
  record:"customer" AS "CUSTOMER",
  record:"customer"."id"::VARCHAR AS "CUSTOMER_ID",
  record:"queue" AS "QUEUE",
  record:"queue"."id"::VARCHAR AS "QUEUE_ID",
  record:"sla_version" AS "SLA_VERSION",
  record:"sla_version"."id"::VARCHAR AS "SLA_VERSION_ID",
  record:"name"::VARCHAR AS "NAME",
  record:"preview"::VARCHAR AS "PREVIEW",
  record:"channels" AS "CHANNELS",
  record:"status"::VARCHAR AS "STATUS",
  record:"open" AS "OPEN",
  record:"snooze" AS "SNOOZE",
  TRY_TO_NUMBER(record:"priority"::VARCHAR) AS "PRIORITY",
  record:"direction"::VARCHAR AS "DIRECTION",
  record:"phase"::VARCHAR AS "PHASE",
  TRY_TO_NUMBER(record:"message_count"::VARCHAR) AS "MESSAGE_COUNT",
  TRY_TO_NUMBER(record:"note_count"::VARCHAR) AS "NOTE_COUNT",
  TRY_TO_NUMBER(record:"outbound_message_count"::VARCHAR) AS "OUTBOUND_MESSAGE_COUNT",
  TRY_TO_NUMBER(record:"inbound_message_count"::VARCHAR) AS "INBOUND_MESSAGE_COUNT",
  TRY_TO_NUMBER(record:"done_count"::VARCHAR) AS "DONE_COUNT",
  TRY_TO_NUMBER(record:"reopen_count"::VARCHAR) AS "REOPEN_COUNT",
  TRY_TO_NUMBER(record:"reopen_from_done_count"::VARCHAR) AS "REOPEN_FROM_DONE_COUNT",
  TRY_TO_NUMBER(record:"snooze_count"::VARCHAR) AS "SNOOZE_COUNT",
  TRY_TO_NUMBER(record:"satisfaction"::VARCHAR) AS "SATISFACTION",
  record:"satisfaction_level" AS "SATISFACTION_LEVEL",
  TRY_TO_TIMESTAMP_TZ(record:"last_activity_at"::VARCHAR) AS "LAST_ACTIVITY_AT",
  TRY_TO_TIMESTAMP_TZ(record:"last_received_at"::VARCHAR) AS "LAST_RECEIVED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"last_message_at"::VARCHAR) AS "LAST_MESSAGE_AT",
  record:"last_message_direction"::VARCHAR AS "LAST_MESSAGE_DIRECTION",
  TRY_TO_BOOLEAN(record:"spam"::VARCHAR) AS "SPAM",
  TRY_TO_BOOLEAN(record:"ended"::VARCHAR) AS "ENDED",
  TRY_TO_TIMESTAMP_TZ(record:"ended_at"::VARCHAR) AS "ENDED_AT",
  record:"ended_reason"::VARCHAR AS "ENDED_REASON",
  record:"ended_by_type"::VARCHAR AS "ENDED_BY_TYPE",
  record:"suggested_tags" AS "SUGGESTED_TAGS",
  record:"suggested_shortcuts" AS "SUGGESTED_SHORTCUTS",
  record:"predictions" AS "PREDICTIONS",
  record:"first_message_in" AS "FIRST_MESSAGE_IN",
  record:"first_message_out" AS "FIRST_MESSAGE_OUT",
  record:"last_message_in" AS "LAST_MESSAGE_IN",
  record:"last_message_out" AS "LAST_MESSAGE_OUT",
  record:"last_message_unresponded_to" AS "LAST_MESSAGE_UNRESPONDED_TO",
  record:"last_message_unresponded_to_since_last_done" AS "LAST_MESSAGE_UNRESPONDED_TO_SINCE_LAST_DONE",
  record:"assigned_users" AS "ASSIGNED_USERS",
  record:"assigned_teams" AS "ASSIGNED_TEAMS",
  record:"first_company" AS "FIRST_COMPANY",
  record:"first_response" AS "FIRST_RESPONSE",
  record:"first_response_since_last_done" AS "FIRST_RESPONSE_SINCE_LAST_DONE",
  record:"last_response" AS "LAST_RESPONSE",
  record:"first_done" AS "FIRST_DONE",
  record:"last_done" AS "LAST_DONE",
  record:"total_open" AS "TOTAL_OPEN",
  record:"total_done" AS "TOTAL_DONE",
  record:"total_snooze" AS "TOTAL_SNOOZE",
  record:"modification_history" AS "MODIFICATION_HISTORY",
  record:"assistant" AS "ASSISTANT",
  record:"matched_time_based_rules" AS "MATCHED_TIME_BASED_RULES",
  record:"reply_channel"::VARCHAR AS "REPLY_CHANNEL",
  record:"external_queue" AS "EXTERNAL_QUEUE",
  record:"sla" AS "SLA",
  record:"attribution" AS "ATTRIBUTION",
  record:"skills" AS "SKILLS",
  record:"last_deflection" AS "LAST_DEFLECTION",
  record:"linked_conversations" AS "LINKED_CONVERSATIONS",
  TRY_TO_BOOLEAN(record:"merged_target"::VARCHAR) AS "MERGED_TARGET",
  TRY_TO_BOOLEAN(record:"pinned"::VARCHAR) AS "PINNED",
  record:"brand" AS "BRAND",
  record:"brand"."id"::VARCHAR AS "BRAND_ID",
  record:"ended_by" AS "ENDED_BY",
  record:"ended_by"."id"::VARCHAR AS "ENDED_BY_ID",
  record:"pinned_by" AS "PINNED_BY",
  record:"pinned_by"."id"::VARCHAR AS "PINNED_BY_ID",
  record:"sla_data" AS "SLA_DATA",
  record:"sla_data"."id"::VARCHAR AS "SLA_DATA_ID",
  record:"sub_status" AS "SUB_STATUS",
  record:"sub_status"."id"::VARCHAR AS "SUB_STATUS_ID",
  run AS _run
FROM kustomer.conversations_lines;
CREATE OR REPLACE VIEW kustomer.conversations AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "MODIFIED_AT", "IMPORTED_AT", "REV", "EXTERNAL_ID", "DEFAULT_LANG", "LOCALE", "TAGS", "CUSTOM", "ROLE_GROUP_VERSIONS", "ACCESS_OVERRIDE", "SENTIMENT", "ORG", "ORG_ID", "CREATED_BY", "CREATED_BY_ID", "MODIFIED_BY", "MODIFIED_BY_ID", "CUSTOMER", "CUSTOMER_ID", "QUEUE", "QUEUE_ID", "SLA_VERSION", "SLA_VERSION_ID", "NAME", "PREVIEW", "CHANNELS", "STATUS", "OPEN", "SNOOZE", "PRIORITY", "DIRECTION", "PHASE", "MESSAGE_COUNT", "NOTE_COUNT", "OUTBOUND_MESSAGE_COUNT", "INBOUND_MESSAGE_COUNT", "DONE_COUNT", "REOPEN_COUNT", "REOPEN_FROM_DONE_COUNT", "SNOOZE_COUNT", "SATISFACTION", "SATISFACTION_LEVEL", "LAST_ACTIVITY_AT", "LAST_RECEIVED_AT", "LAST_MESSAGE_AT", "LAST_MESSAGE_DIRECTION", "SPAM", "ENDED", "ENDED_AT", "ENDED_REASON", "ENDED_BY_TYPE", "SUGGESTED_TAGS", "SUGGESTED_SHORTCUTS", "PREDICTIONS", "FIRST_MESSAGE_IN", "FIRST_MESSAGE_OUT", "LAST_MESSAGE_IN", "LAST_MESSAGE_OUT", "LAST_MESSAGE_UNRESPONDED_TO", "LAST_MESSAGE_UNRESPONDED_TO_SINCE_LAST_DONE", "ASSIGNED_USERS", "ASSIGNED_TEAMS", "FIRST_COMPANY", "FIRST_RESPONSE", "FIRST_RESPONSE_SINCE_LAST_DONE", "LAST_RESPONSE", "FIRST_DONE", "LAST_DONE", "TOTAL_OPEN", "TOTAL_DONE", "TOTAL_SNOOZE", "MODIFICATION_HISTORY", "ASSISTANT", "MATCHED_TIME_BASED_RULES", "REPLY_CHANNEL", "EXTERNAL_QUEUE", "SLA", "ATTRIBUTION", "SKILLS", "LAST_DEFLECTION", "LINKED_CONVERSATIONS", "MERGED_TARGET", "PINNED", "BRAND", "BRAND_ID", "ENDED_BY", "ENDED_BY_ID", "PINNED_BY", "PINNED_BY_ID", "SLA_DATA", "SLA_DATA_ID", "SUB_STATUS", "SUB_STATUS_ID"
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

CREATE TABLE IF NOT EXISTS kustomer.customers_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.customers_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"modified_at"::VARCHAR) AS "MODIFIED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"imported_at"::VARCHAR) AS "IMPORTED_AT",
  TRY_TO_NUMBER(record:"rev"::VARCHAR) AS "REV",
  record:"external_id"::VARCHAR AS "EXTERNAL_ID",
  record:"default_lang"::VARCHAR AS "DEFAULT_LANG",
  record:"locale"::VARCHAR AS "LOCALE",
  record:"custom" AS "CUSTOM",
  record:"role_group_versions" AS "ROLE_GROUP_VERSIONS",
  record:"access_override" AS "ACCESS_OVERRIDE",
  record:"sentiment" AS "SENTIMENT",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  record:"created_by" AS "CREATED_BY",
  record:"created_by"."id"::VARCHAR AS "CREATED_BY_ID",
  record:"modified_by" AS "MODIFIED_BY",
  record:"modified_by"."id"::VARCHAR AS "MODIFIED_BY_ID",
  record:"company" AS "COMPANY",
  record:"company"."id"::VARCHAR AS "COMPANY_ID",
  record:"sla_version" AS "SLA_VERSION",
  record:"sla_version"."id"::VARCHAR AS "SLA_VERSION_ID",
  record:"name"::VARCHAR AS "NAME",
  record:"display_name"::VARCHAR AS "DISPLAY_NAME",
  record:"display_color"::VARCHAR AS "DISPLAY_COLOR",
  record:"display_icon"::VARCHAR AS "DISPLAY_ICON",
  record:"first_name"::VARCHAR AS "FIRST_NAME",
  record:"last_name"::VARCHAR AS "LAST_NAME",
  record:"username"::VARCHAR AS "USERNAME",
  record:"avatar_url"::VARCHAR AS "AVATAR_URL",
  record:"company_name"::VARCHAR AS "COMPANY_NAME",
  record:"external_ids" AS "EXTERNAL_IDS",
  record:"shared_external_ids" AS "SHARED_EXTERNAL_IDS",
  record:"emails" AS "EMAILS",
  record:"shared_emails" AS "SHARED_EMAILS",
  record:"phones" AS "PHONES",
  record:"shared_phones" AS "SHARED_PHONES",
  record:"whatsapps" AS "WHATSAPPS",
  record:"shared_whatsapps" AS "SHARED_WHATSAPPS",
  record:"facebook_ids" AS "FACEBOOK_IDS",
  record:"instagram_ids" AS "INSTAGRAM_IDS",
  record:"smooch_ids" AS "SMOOCH_IDS",
  record:"socials" AS "SOCIALS",
  record:"shared_socials" AS "SHARED_SOCIALS",
  record:"urls" AS "URLS",
  record:"locations" AS "LOCATIONS",
  record:"active_users" AS "ACTIVE_USERS",
  record:"watchers" AS "WATCHERS",
  record:"recent_location" AS "RECENT_LOCATION",
  record:"time_zone"::VARCHAR AS "TIME_ZONE",
  record:"birthday_at"::VARCHAR AS "BIRTHDAY_AT",
  record:"gender"::VARCHAR AS "GENDER",
  record:"presence"::VARCHAR AS "PRESENCE",
  TRY_TO_TIMESTAMP_TZ(record:"signed_up_at"::VARCHAR) AS "SIGNED_UP_AT",
  TRY_TO_TIMESTAMP_TZ(record:"last_seen_at"::VARCHAR) AS "LAST_SEEN_AT",
  TRY_TO_TIMESTAMP_TZ(record:"last_activity_at"::VARCHAR) AS "LAST_ACTIVITY_AT",
  TRY_TO_TIMESTAMP_TZ(record:"last_customer_activity_at"::VARCHAR) AS "LAST_CUSTOMER_ACTIVITY_AT",
  TRY_TO_TIMESTAMP_TZ(record:"last_message_at"::VARCHAR) AS "LAST_MESSAGE_AT",
  record:"last_message_in" AS "LAST_MESSAGE_IN",
  record:"last_message_out" AS "LAST_MESSAGE_OUT",
  record:"last_message_unresponded_to" AS "LAST_MESSAGE_UNRESPONDED_TO",
  record:"last_conversation" AS "LAST_CONVERSATION",
  record:"conversation_counts" AS "CONVERSATION_COUNTS",
  record:"preview" AS "PREVIEW",
  record:"tags" AS "TAGS",
  record:"progressive_status"::VARCHAR AS "PROGRESSIVE_STATUS",
  record:"satisfaction_level" AS "SATISFACTION_LEVEL",
  TRY_TO_BOOLEAN(record:"verified"::VARCHAR) AS "VERIFIED",
  record:"recent_items" AS "RECENT_ITEMS",
  record:"unmasking_window" AS "UNMASKING_WINDOW",
  record:"sla" AS "SLA",
  record:"sla_data" AS "SLA_DATA",
  record:"sla_data"."id"::VARCHAR AS "SLA_DATA_ID",
  run AS _run
FROM kustomer.customers_lines;
CREATE OR REPLACE VIEW kustomer.customers AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "MODIFIED_AT", "IMPORTED_AT", "REV", "EXTERNAL_ID", "DEFAULT_LANG", "LOCALE", "CUSTOM", "ROLE_GROUP_VERSIONS", "ACCESS_OVERRIDE", "SENTIMENT", "ORG", "ORG_ID", "CREATED_BY", "CREATED_BY_ID", "MODIFIED_BY", "MODIFIED_BY_ID", "COMPANY", "COMPANY_ID", "SLA_VERSION", "SLA_VERSION_ID", "NAME", "DISPLAY_NAME", "DISPLAY_COLOR", "DISPLAY_ICON", "FIRST_NAME", "LAST_NAME", "USERNAME", "AVATAR_URL", "COMPANY_NAME", "EXTERNAL_IDS", "SHARED_EXTERNAL_IDS", "EMAILS", "SHARED_EMAILS", "PHONES", "SHARED_PHONES", "WHATSAPPS", "SHARED_WHATSAPPS", "FACEBOOK_IDS", "INSTAGRAM_IDS", "SMOOCH_IDS", "SOCIALS", "SHARED_SOCIALS", "URLS", "LOCATIONS", "ACTIVE_USERS", "WATCHERS", "RECENT_LOCATION", "TIME_ZONE", "BIRTHDAY_AT", "GENDER", "PRESENCE", "SIGNED_UP_AT", "LAST_SEEN_AT", "LAST_ACTIVITY_AT", "LAST_CUSTOMER_ACTIVITY_AT", "LAST_MESSAGE_AT", "LAST_MESSAGE_IN", "LAST_MESSAGE_OUT", "LAST_MESSAGE_UNRESPONDED_TO", "LAST_CONVERSATION", "CONVERSATION_COUNTS", "PREVIEW", "TAGS", "PROGRESSIVE_STATUS", "SATISFACTION_LEVEL", "VERIFIED", "RECENT_ITEMS", "UNMASKING_WINDOW", "SLA", "SLA_DATA", "SLA_DATA_ID"
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

CREATE TABLE IF NOT EXISTS kustomer.kobjects_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.kobjects_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"modified_at"::VARCHAR) AS "MODIFIED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"imported_at"::VARCHAR) AS "IMPORTED_AT",
  TRY_TO_NUMBER(record:"rev"::VARCHAR) AS "REV",
  record:"external_id"::VARCHAR AS "EXTERNAL_ID",
  record:"custom" AS "CUSTOM",
  record:"role_group_versions" AS "ROLE_GROUP_VERSIONS",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  record:"created_by" AS "CREATED_BY",
  record:"created_by"."id"::VARCHAR AS "CREATED_BY_ID",
  record:"modified_by" AS "MODIFIED_BY",
  record:"modified_by"."id"::VARCHAR AS "MODIFIED_BY_ID",
  record:"customer" AS "CUSTOMER",
  record:"customer"."id"::VARCHAR AS "CUSTOMER_ID",
  record:"company" AS "COMPANY",
  record:"company"."id"::VARCHAR AS "COMPANY_ID",
  record:"queue" AS "QUEUE",
  record:"queue"."id"::VARCHAR AS "QUEUE_ID",
  record:"title"::VARCHAR AS "TITLE",
  record:"description"::VARCHAR AS "DESCRIPTION",
  record:"icon"::VARCHAR AS "ICON",
  record:"images" AS "IMAGES",
  record:"data" AS "DATA",
  record:"tags" AS "TAGS",
  record:"klass_display_name"::VARCHAR AS "KLASS_DISPLAY_NAME",
  record:"klass_mixins" AS "KLASS_MIXINS",
  record:"s3_data_url"::VARCHAR AS "S3_DATA_URL",
  record:"attribution" AS "ATTRIBUTION",
  record:"status"::VARCHAR AS "STATUS",
  record:"assigned_user"::VARCHAR AS "ASSIGNED_USER",
  record:"assigned_team"::VARCHAR AS "ASSIGNED_TEAM",
  record:"first_done" AS "FIRST_DONE",
  record:"last_done" AS "LAST_DONE",
  TRY_TO_NUMBER(record:"done_count"::VARCHAR) AS "DONE_COUNT",
  TRY_TO_NUMBER(record:"reopen_count"::VARCHAR) AS "REOPEN_COUNT",
  TRY_TO_NUMBER(record:"reopen_from_done_count"::VARCHAR) AS "REOPEN_FROM_DONE_COUNT",
  record:"klass" AS "KLASS",
  record:"klass"."id"::VARCHAR AS "KLASS_ID",
  run AS _run
FROM kustomer.kobjects_lines;
CREATE OR REPLACE VIEW kustomer.kobjects AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "MODIFIED_AT", "IMPORTED_AT", "REV", "EXTERNAL_ID", "CUSTOM", "ROLE_GROUP_VERSIONS", "ORG", "ORG_ID", "CREATED_BY", "CREATED_BY_ID", "MODIFIED_BY", "MODIFIED_BY_ID", "CUSTOMER", "CUSTOMER_ID", "COMPANY", "COMPANY_ID", "QUEUE", "QUEUE_ID", "TITLE", "DESCRIPTION", "ICON", "IMAGES", "DATA", "TAGS", "KLASS_DISPLAY_NAME", "KLASS_MIXINS", "S3_DATA_URL", "ATTRIBUTION", "STATUS", "ASSIGNED_USER", "ASSIGNED_TEAM", "FIRST_DONE", "LAST_DONE", "DONE_COUNT", "REOPEN_COUNT", "REOPEN_FROM_DONE_COUNT", "KLASS", "KLASS_ID"
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

CREATE TABLE IF NOT EXISTS kustomer.messages_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.messages_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"modified_at"::VARCHAR) AS "MODIFIED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"imported_at"::VARCHAR) AS "IMPORTED_AT",
  TRY_TO_NUMBER(record:"rev"::VARCHAR) AS "REV",
  record:"external_id"::VARCHAR AS "EXTERNAL_ID",
  record:"lang"::VARCHAR AS "LANG",
  record:"custom" AS "CUSTOM",
  record:"sentiment" AS "SENTIMENT",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  record:"created_by" AS "CREATED_BY",
  record:"created_by"."id"::VARCHAR AS "CREATED_BY_ID",
  record:"modified_by" AS "MODIFIED_BY",
  record:"modified_by"."id"::VARCHAR AS "MODIFIED_BY_ID",
  record:"customer" AS "CUSTOMER",
  record:"customer"."id"::VARCHAR AS "CUSTOMER_ID",
  record:"conversation" AS "CONVERSATION",
  record:"conversation"."id"::VARCHAR AS "CONVERSATION_ID",
  record:"channel"::VARCHAR AS "CHANNEL",
  record:"app"::VARCHAR AS "APP",
  TRY_TO_NUMBER(record:"size"::VARCHAR) AS "SIZE",
  record:"direction"::VARCHAR AS "DIRECTION",
  record:"direction_type"::VARCHAR AS "DIRECTION_TYPE",
  record:"preview"::VARCHAR AS "PREVIEW",
  record:"subject"::VARCHAR AS "SUBJECT",
  record:"meta" AS "META",
  record:"status"::VARCHAR AS "STATUS",
  TRY_TO_TIMESTAMP_TZ(record:"error_at"::VARCHAR) AS "ERROR_AT",
  TRY_TO_NUMBER(record:"response_time"::VARCHAR) AS "RESPONSE_TIME",
  TRY_TO_NUMBER(record:"response_business_time"::VARCHAR) AS "RESPONSE_BUSINESS_TIME",
  record:"assigned_teams" AS "ASSIGNED_TEAMS",
  record:"assigned_users" AS "ASSIGNED_USERS",
  record:"created_by_teams" AS "CREATED_BY_TEAMS",
  TRY_TO_BOOLEAN(record:"auto"::VARCHAR) AS "AUTO",
  record:"source"::VARCHAR AS "SOURCE",
  TRY_TO_TIMESTAMP_TZ(record:"sent_at"::VARCHAR) AS "SENT_AT",
  TRY_TO_BOOLEAN(record:"redacted"::VARCHAR) AS "REDACTED",
  TRY_TO_TIMESTAMP_TZ(record:"redacted_at"::VARCHAR) AS "REDACTED_AT",
  record:"reactions" AS "REACTIONS",
  record:"first_delivered" AS "FIRST_DELIVERED",
  record:"first_read" AS "FIRST_READ",
  record:"intent_detections" AS "INTENT_DETECTIONS",
  record:"location" AS "LOCATION",
  record:"shortcuts" AS "SHORTCUTS",
  record:"attachments" AS "ATTACHMENTS",
  record:"kb_articles" AS "KB_ARTICLES",
  run AS _run
FROM kustomer.messages_lines;
CREATE OR REPLACE VIEW kustomer.messages AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "MODIFIED_AT", "IMPORTED_AT", "REV", "EXTERNAL_ID", "LANG", "CUSTOM", "SENTIMENT", "ORG", "ORG_ID", "CREATED_BY", "CREATED_BY_ID", "MODIFIED_BY", "MODIFIED_BY_ID", "CUSTOMER", "CUSTOMER_ID", "CONVERSATION", "CONVERSATION_ID", "CHANNEL", "APP", "SIZE", "DIRECTION", "DIRECTION_TYPE", "PREVIEW", "SUBJECT", "META", "STATUS", "ERROR_AT", "RESPONSE_TIME", "RESPONSE_BUSINESS_TIME", "ASSIGNED_TEAMS", "ASSIGNED_USERS", "CREATED_BY_TEAMS", "AUTO", "SOURCE", "SENT_AT", "REDACTED", "REDACTED_AT", "REACTIONS", "FIRST_DELIVERED", "FIRST_READ", "INTENT_DETECTIONS", "LOCATION", "SHORTCUTS", "ATTACHMENTS", "KB_ARTICLES"
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

CREATE TABLE IF NOT EXISTS kustomer.notes_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.notes_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"modified_at"::VARCHAR) AS "MODIFIED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"imported_at"::VARCHAR) AS "IMPORTED_AT",
  record:"external_id"::VARCHAR AS "EXTERNAL_ID",
  record:"lang"::VARCHAR AS "LANG",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  record:"created_by" AS "CREATED_BY",
  record:"created_by"."id"::VARCHAR AS "CREATED_BY_ID",
  record:"modified_by" AS "MODIFIED_BY",
  record:"modified_by"."id"::VARCHAR AS "MODIFIED_BY_ID",
  record:"deleted_by" AS "DELETED_BY",
  record:"deleted_by"."id"::VARCHAR AS "DELETED_BY_ID",
  record:"customer" AS "CUSTOMER",
  record:"customer"."id"::VARCHAR AS "CUSTOMER_ID",
  record:"conversation" AS "CONVERSATION",
  record:"conversation"."id"::VARCHAR AS "CONVERSATION_ID",
  record:"body"::VARCHAR AS "BODY",
  record:"created_by_teams" AS "CREATED_BY_TEAMS",
  record:"user_mentions" AS "USER_MENTIONS",
  run AS _run
FROM kustomer.notes_lines;
CREATE OR REPLACE VIEW kustomer.notes AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "MODIFIED_AT", "IMPORTED_AT", "EXTERNAL_ID", "LANG", "ORG", "ORG_ID", "CREATED_BY", "CREATED_BY_ID", "MODIFIED_BY", "MODIFIED_BY_ID", "DELETED_BY", "DELETED_BY_ID", "CUSTOMER", "CUSTOMER_ID", "CONVERSATION", "CONVERSATION_ID", "BODY", "CREATED_BY_TEAMS", "USER_MENTIONS"
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

CREATE TABLE IF NOT EXISTS kustomer.shortcuts_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.shortcuts_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"modified_at"::VARCHAR) AS "MODIFIED_AT",
  TRY_TO_NUMBER(record:"rev"::VARCHAR) AS "REV",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  record:"created_by" AS "CREATED_BY",
  record:"created_by"."id"::VARCHAR AS "CREATED_BY_ID",
  record:"modified_by" AS "MODIFIED_BY",
  record:"modified_by"."id"::VARCHAR AS "MODIFIED_BY_ID",
  record:"name"::VARCHAR AS "NAME",
  record:"draft" AS "DRAFT",
  record:"conversation" AS "CONVERSATION",
  record:"payload" AS "PAYLOAD",
  TRY_TO_BOOLEAN(record:"is_private"::VARCHAR) AS "IS_PRIVATE",
  TRY_TO_BOOLEAN(record:"app_disabled"::VARCHAR) AS "APP_DISABLED",
  record:"parent" AS "PARENT",
  record:"parent"."id"::VARCHAR AS "PARENT_ID",
  record:"access_users" AS "ACCESS_USERS",
  record:"access_teams" AS "ACCESS_TEAMS",
  record:"attachments" AS "ATTACHMENTS",
  run AS _run
FROM kustomer.shortcuts_lines;
CREATE OR REPLACE VIEW kustomer.shortcuts AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "MODIFIED_AT", "REV", "ORG", "ORG_ID", "CREATED_BY", "CREATED_BY_ID", "MODIFIED_BY", "MODIFIED_BY_ID", "NAME", "DRAFT", "CONVERSATION", "PAYLOAD", "IS_PRIVATE", "APP_DISABLED", "PARENT", "PARENT_ID", "ACCESS_USERS", "ACCESS_TEAMS", "ATTACHMENTS"
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

CREATE TABLE IF NOT EXISTS kustomer.tags_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.tags_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"modified_at"::VARCHAR) AS "MODIFIED_AT",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  record:"created_by" AS "CREATED_BY",
  record:"created_by"."id"::VARCHAR AS "CREATED_BY_ID",
  record:"modified_by" AS "MODIFIED_BY",
  record:"modified_by"."id"::VARCHAR AS "MODIFIED_BY_ID",
  record:"deleted_by" AS "DELETED_BY",
  record:"deleted_by"."id"::VARCHAR AS "DELETED_BY_ID",
  record:"name"::VARCHAR AS "NAME",
  record:"color"::VARCHAR AS "COLOR",
  run AS _run
FROM kustomer.tags_lines;
CREATE OR REPLACE VIEW kustomer.tags AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "MODIFIED_AT", "ORG", "ORG_ID", "CREATED_BY", "CREATED_BY_ID", "MODIFIED_BY", "MODIFIED_BY_ID", "DELETED_BY", "DELETED_BY_ID", "NAME", "COLOR"
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

CREATE TABLE IF NOT EXISTS kustomer.teams_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.teams_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"modified_at"::VARCHAR) AS "MODIFIED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"imported_at"::VARCHAR) AS "IMPORTED_AT",
  record:"external_id"::VARCHAR AS "EXTERNAL_ID",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  record:"created_by" AS "CREATED_BY",
  record:"created_by"."id"::VARCHAR AS "CREATED_BY_ID",
  record:"modified_by" AS "MODIFIED_BY",
  record:"modified_by"."id"::VARCHAR AS "MODIFIED_BY_ID",
  record:"deleted_by" AS "DELETED_BY",
  record:"deleted_by"."id"::VARCHAR AS "DELETED_BY_ID",
  record:"name"::VARCHAR AS "NAME",
  record:"display_name"::VARCHAR AS "DISPLAY_NAME",
  record:"icon"::VARCHAR AS "ICON",
  record:"members" AS "MEMBERS",
  record:"role_groups" AS "ROLE_GROUPS",
  run AS _run
FROM kustomer.teams_lines;
CREATE OR REPLACE VIEW kustomer.teams AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "MODIFIED_AT", "IMPORTED_AT", "EXTERNAL_ID", "ORG", "ORG_ID", "CREATED_BY", "CREATED_BY_ID", "MODIFIED_BY", "MODIFIED_BY_ID", "DELETED_BY", "DELETED_BY_ID", "NAME", "DISPLAY_NAME", "ICON", "MEMBERS", "ROLE_GROUPS"
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

CREATE TABLE IF NOT EXISTS kustomer.users_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.users_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"modified_at"::VARCHAR) AS "MODIFIED_AT",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  record:"created_by" AS "CREATED_BY",
  record:"created_by"."id"::VARCHAR AS "CREATED_BY_ID",
  record:"modified_by" AS "MODIFIED_BY",
  record:"modified_by"."id"::VARCHAR AS "MODIFIED_BY_ID",
  record:"display_name"::VARCHAR AS "DISPLAY_NAME",
  record:"name"::VARCHAR AS "NAME",
  record:"user_type"::VARCHAR AS "USER_TYPE",
  record:"email"::VARCHAR AS "EMAIL",
  TRY_TO_TIMESTAMP_TZ(record:"email_verified_at"::VARCHAR) AS "EMAIL_VERIFIED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"first_email_verified_at"::VARCHAR) AS "FIRST_EMAIL_VERIFIED_AT",
  record:"mobile"::VARCHAR AS "MOBILE",
  record:"email_signature"::VARCHAR AS "EMAIL_SIGNATURE",
  record:"avatar_url"::VARCHAR AS "AVATAR_URL",
  record:"password" AS "PASSWORD",
  record:"verified_email_status"::VARCHAR AS "VERIFIED_EMAIL_STATUS",
  TRY_TO_BOOLEAN(record:"is_email_valid"::VARCHAR) AS "IS_EMAIL_VALID",
  record:"role_groups" AS "ROLE_GROUPS",
  record:"roles" AS "ROLES",
  TRY_TO_TIMESTAMP_TZ(record:"first_login_at"::VARCHAR) AS "FIRST_LOGIN_AT",
  TRY_TO_TIMESTAMP_TZ(record:"most_recent_login_at"::VARCHAR) AS "MOST_RECENT_LOGIN_AT",
  run AS _run
FROM kustomer.users_lines;
CREATE OR REPLACE VIEW kustomer.users AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "MODIFIED_AT", "ORG", "ORG_ID", "CREATED_BY", "CREATED_BY_ID", "MODIFIED_BY", "MODIFIED_BY_ID", "DISPLAY_NAME", "NAME", "USER_TYPE", "EMAIL", "EMAIL_VERIFIED_AT", "FIRST_EMAIL_VERIFIED_AT", "MOBILE", "EMAIL_SIGNATURE", "AVATAR_URL", "PASSWORD", "VERIFIED_EMAIL_STATUS", "IS_EMAIL_VALID", "ROLE_GROUPS", "ROLES", "FIRST_LOGIN_AT", "MOST_RECENT_LOGIN_AT"
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

CREATE TABLE IF NOT EXISTS kustomer.companies_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.companies_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"modified_at"::VARCHAR) AS "MODIFIED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"imported_at"::VARCHAR) AS "IMPORTED_AT",
  TRY_TO_NUMBER(record:"rev"::VARCHAR) AS "REV",
  record:"external_id"::VARCHAR AS "EXTERNAL_ID",
  record:"default_lang"::VARCHAR AS "DEFAULT_LANG",
  record:"custom" AS "CUSTOM",
  record:"role_group_versions" AS "ROLE_GROUP_VERSIONS",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  record:"created_by" AS "CREATED_BY",
  record:"created_by"."id"::VARCHAR AS "CREATED_BY_ID",
  record:"modified_by" AS "MODIFIED_BY",
  record:"modified_by"."id"::VARCHAR AS "MODIFIED_BY_ID",
  record:"name"::VARCHAR AS "NAME",
  record:"tags" AS "TAGS",
  record:"domains" AS "DOMAINS",
  record:"emails" AS "EMAILS",
  record:"phones" AS "PHONES",
  record:"whatsapps" AS "WHATSAPPS",
  record:"socials" AS "SOCIALS",
  record:"urls" AS "URLS",
  record:"locations" AS "LOCATIONS",
  run AS _run
FROM kustomer.companies_lines;
CREATE OR REPLACE VIEW kustomer.companies AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "MODIFIED_AT", "IMPORTED_AT", "REV", "EXTERNAL_ID", "DEFAULT_LANG", "CUSTOM", "ROLE_GROUP_VERSIONS", "ORG", "ORG_ID", "CREATED_BY", "CREATED_BY_ID", "MODIFIED_BY", "MODIFIED_BY_ID", "NAME", "TAGS", "DOMAINS", "EMAILS", "PHONES", "WHATSAPPS", "SOCIALS", "URLS", "LOCATIONS"
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

CREATE TABLE IF NOT EXISTS kustomer.work_sessions_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.work_sessions_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  TRY_TO_NUMBER(record:"rev"::VARCHAR) AS "REV",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  TRY_TO_BOOLEAN(record:"active"::VARCHAR) AS "ACTIVE",
  record:"status_type"::VARCHAR AS "STATUS_TYPE",
  record:"capacity_status"::VARCHAR AS "CAPACITY_STATUS",
  TRY_TO_NUMBER(record:"capacity_remaining"::VARCHAR) AS "CAPACITY_REMAINING",
  TRY_TO_NUMBER(record:"handled_conversation_count"::VARCHAR) AS "HANDLED_CONVERSATION_COUNT",
  TRY_TO_NUMBER(record:"handled_item_count"::VARCHAR) AS "HANDLED_ITEM_COUNT",
  TRY_TO_BOOLEAN(record:"has_pending_item"::VARCHAR) AS "HAS_PENDING_ITEM",
  TRY_TO_BOOLEAN(record:"has_skills"::VARCHAR) AS "HAS_SKILLS",
  TRY_TO_NUMBER(record:"paused_work_item_count"::VARCHAR) AS "PAUSED_WORK_ITEM_COUNT",
  TRY_TO_BOOLEAN(record:"routable"::VARCHAR) AS "ROUTABLE",
  TRY_TO_TIMESTAMP_TZ(record:"signed_in_at"::VARCHAR) AS "SIGNED_IN_AT",
  TRY_TO_TIMESTAMP_TZ(record:"signed_out_at"::VARCHAR) AS "SIGNED_OUT_AT",
  TRY_TO_TIMESTAMP_TZ(record:"idle_since"::VARCHAR) AS "IDLE_SINCE",
  TRY_TO_TIMESTAMP_TZ(record:"last_assigned_item_at"::VARCHAR) AS "LAST_ASSIGNED_ITEM_AT",
  record:"total_available" AS "TOTAL_AVAILABLE",
  record:"user" AS "USER",
  record:"user"."id"::VARCHAR AS "USER_ID",
  record:"team" AS "TEAM",
  record:"team"."id"::VARCHAR AS "TEAM_ID",
  record:"queues" AS "QUEUES",
  run AS _run
FROM kustomer.work_sessions_lines;
CREATE OR REPLACE VIEW kustomer.work_sessions AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "REV", "ORG", "ORG_ID", "ACTIVE", "STATUS_TYPE", "CAPACITY_STATUS", "CAPACITY_REMAINING", "HANDLED_CONVERSATION_COUNT", "HANDLED_ITEM_COUNT", "HAS_PENDING_ITEM", "HAS_SKILLS", "PAUSED_WORK_ITEM_COUNT", "ROUTABLE", "SIGNED_IN_AT", "SIGNED_OUT_AT", "IDLE_SINCE", "LAST_ASSIGNED_ITEM_AT", "TOTAL_AVAILABLE", "USER", "USER_ID", "TEAM", "TEAM_ID", "QUEUES"
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

CREATE TABLE IF NOT EXISTS kustomer.work_items_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.work_items_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  TRY_TO_NUMBER(record:"rev"::VARCHAR) AS "REV",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  record:"customer" AS "CUSTOMER",
  record:"customer"."id"::VARCHAR AS "CUSTOMER_ID",
  record:"conversation" AS "CONVERSATION",
  record:"conversation"."id"::VARCHAR AS "CONVERSATION_ID",
  record:"queue" AS "QUEUE",
  record:"queue"."id"::VARCHAR AS "QUEUE_ID",
  record:"status"::VARCHAR AS "STATUS",
  TRY_TO_NUMBER(record:"queued_count"::VARCHAR) AS "QUEUED_COUNT",
  record:"resource_type"::VARCHAR AS "RESOURCE_TYPE",
  record:"resource" AS "RESOURCE",
  TRY_TO_NUMBER(record:"priority"::VARCHAR) AS "PRIORITY",
  TRY_TO_NUMBER(record:"item_size"::VARCHAR) AS "ITEM_SIZE",
  record:"handle" AS "HANDLE",
  record:"wrap_up" AS "WRAP_UP",
  record:"abandoned" AS "ABANDONED",
  record:"last_revision" AS "LAST_REVISION",
  record:"assigned_to" AS "ASSIGNED_TO",
  record:"assigned_to"."id"::VARCHAR AS "ASSIGNED_TO_ID",
  run AS _run
FROM kustomer.work_items_lines;
CREATE OR REPLACE VIEW kustomer.work_items AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "REV", "ORG", "ORG_ID", "CUSTOMER", "CUSTOMER_ID", "CONVERSATION", "CONVERSATION_ID", "QUEUE", "QUEUE_ID", "STATUS", "QUEUED_COUNT", "RESOURCE_TYPE", "RESOURCE", "PRIORITY", "ITEM_SIZE", "HANDLE", "WRAP_UP", "ABANDONED", "LAST_REVISION", "ASSIGNED_TO", "ASSIGNED_TO_ID"
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

CREATE TABLE IF NOT EXISTS kustomer.conversation_times_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.conversation_times_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  record:"created_by" AS "CREATED_BY",
  record:"created_by"."id"::VARCHAR AS "CREATED_BY_ID",
  record:"customer" AS "CUSTOMER",
  record:"customer"."id"::VARCHAR AS "CUSTOMER_ID",
  record:"conversation" AS "CONVERSATION",
  record:"conversation"."id"::VARCHAR AS "CONVERSATION_ID",
  TRY_TO_TIMESTAMP_TZ(record:"handle_at"::VARCHAR) AS "HANDLE_AT",
  TRY_TO_NUMBER(record:"handle_time"::VARCHAR) AS "HANDLE_TIME",
  TRY_TO_TIMESTAMP_TZ(record:"message_at"::VARCHAR) AS "MESSAGE_AT",
  TRY_TO_NUMBER(record:"message_time"::VARCHAR) AS "MESSAGE_TIME",
  record:"channels" AS "CHANNELS",
  record:"assigned_users" AS "ASSIGNED_USERS",
  record:"assigned_teams" AS "ASSIGNED_TEAMS",
  record:"created_by_teams" AS "CREATED_BY_TEAMS",
  record:"user" AS "USER",
  record:"user"."id"::VARCHAR AS "USER_ID",
  run AS _run
FROM kustomer.conversation_times_lines;
CREATE OR REPLACE VIEW kustomer.conversation_times AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "ORG", "ORG_ID", "CREATED_BY", "CREATED_BY_ID", "CUSTOMER", "CUSTOMER_ID", "CONVERSATION", "CONVERSATION_ID", "HANDLE_AT", "HANDLE_TIME", "MESSAGE_AT", "MESSAGE_TIME", "CHANNELS", "ASSIGNED_USERS", "ASSIGNED_TEAMS", "CREATED_BY_TEAMS", "USER", "USER_ID"
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

CREATE TABLE IF NOT EXISTS kustomer.queues_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.queues_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"modified_at"::VARCHAR) AS "MODIFIED_AT",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  record:"created_by" AS "CREATED_BY",
  record:"created_by"."id"::VARCHAR AS "CREATED_BY_ID",
  record:"modified_by" AS "MODIFIED_BY",
  record:"modified_by"."id"::VARCHAR AS "MODIFIED_BY_ID",
  record:"name"::VARCHAR AS "NAME",
  record:"display_name"::VARCHAR AS "DISPLAY_NAME",
  record:"description"::VARCHAR AS "DESCRIPTION",
  record:"key"::VARCHAR AS "KEY",
  TRY_TO_NUMBER(record:"priority"::VARCHAR) AS "PRIORITY",
  TRY_TO_NUMBER(record:"item_size"::VARCHAR) AS "ITEM_SIZE",
  TRY_TO_BOOLEAN(record:"restrict_transfers_by_users"::VARCHAR) AS "RESTRICT_TRANSFERS_BY_USERS",
  record:"settings" AS "SETTINGS",
  TRY_TO_BOOLEAN(record:"system"::VARCHAR) AS "SYSTEM",
  run AS _run
FROM kustomer.queues_lines;
CREATE OR REPLACE VIEW kustomer.queues AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "MODIFIED_AT", "ORG", "ORG_ID", "CREATED_BY", "CREATED_BY_ID", "MODIFIED_BY", "MODIFIED_BY_ID", "NAME", "DISPLAY_NAME", "DESCRIPTION", "KEY", "PRIORITY", "ITEM_SIZE", "RESTRICT_TRANSFERS_BY_USERS", "SETTINGS", "SYSTEM"
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

CREATE TABLE IF NOT EXISTS kustomer.brands_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.brands_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"modified_at"::VARCHAR) AS "MODIFIED_AT",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  record:"created_by" AS "CREATED_BY",
  record:"created_by"."id"::VARCHAR AS "CREATED_BY_ID",
  record:"modified_by" AS "MODIFIED_BY",
  record:"modified_by"."id"::VARCHAR AS "MODIFIED_BY_ID",
  record:"name"::VARCHAR AS "NAME",
  TRY_TO_BOOLEAN(record:"default"::VARCHAR) AS "DEFAULT",
  record:"icon_url"::VARCHAR AS "ICON_URL",
  run AS _run
FROM kustomer.brands_lines;
CREATE OR REPLACE VIEW kustomer.brands AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "MODIFIED_AT", "ORG", "ORG_ID", "CREATED_BY", "CREATED_BY_ID", "MODIFIED_BY", "MODIFIED_BY_ID", "NAME", "DEFAULT", "ICON_URL"
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

CREATE TABLE IF NOT EXISTS kustomer.slas_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.slas_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  record:"created_by" AS "CREATED_BY",
  record:"created_by"."id"::VARCHAR AS "CREATED_BY_ID",
  TRY_TO_NUMBER(record:"current_version"::VARCHAR) AS "CURRENT_VERSION",
  record:"versions" AS "VERSIONS",
  record:"name"::VARCHAR AS "NAME",
  record:"description"::VARCHAR AS "DESCRIPTION",
  TRY_TO_NUMBER(record:"version"::VARCHAR) AS "VERSION",
  record:"hours"::VARCHAR AS "HOURS",
  record:"metrics" AS "METRICS",
  record:"criteria" AS "CRITERIA",
  record:"sla" AS "SLA",
  record:"sla"."id"::VARCHAR AS "SLA_ID",
  run AS _run
FROM kustomer.slas_lines;
CREATE OR REPLACE VIEW kustomer.slas AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "ORG", "ORG_ID", "CREATED_BY", "CREATED_BY_ID", "CURRENT_VERSION", "VERSIONS", "NAME", "DESCRIPTION", "VERSION", "HOURS", "METRICS", "CRITERIA", "SLA", "SLA_ID"
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

CREATE TABLE IF NOT EXISTS kustomer.business_schedules_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.business_schedules_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"modified_at"::VARCHAR) AS "MODIFIED_AT",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  record:"created_by" AS "CREATED_BY",
  record:"created_by"."id"::VARCHAR AS "CREATED_BY_ID",
  record:"modified_by" AS "MODIFIED_BY",
  record:"modified_by"."id"::VARCHAR AS "MODIFIED_BY_ID",
  record:"name"::VARCHAR AS "NAME",
  record:"hours" AS "HOURS",
  record:"timezone"::VARCHAR AS "TIMEZONE",
  TRY_TO_BOOLEAN(record:"default"::VARCHAR) AS "DEFAULT",
  record:"holidays" AS "HOLIDAYS",
  run AS _run
FROM kustomer.business_schedules_lines;
CREATE OR REPLACE VIEW kustomer.business_schedules AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "MODIFIED_AT", "ORG", "ORG_ID", "CREATED_BY", "CREATED_BY_ID", "MODIFIED_BY", "MODIFIED_BY_ID", "NAME", "HOURS", "TIMEZONE", "DEFAULT", "HOLIDAYS"
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

CREATE TABLE IF NOT EXISTS kustomer.klasses_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.klasses_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  record:"name"::VARCHAR AS "NAME",
  record:"display_name"::VARCHAR AS "DISPLAY_NAME",
  record:"displayname"::VARCHAR AS "DISPLAYNAME",
  record:"icon"::VARCHAR AS "ICON",
  record:"color"::VARCHAR AS "COLOR",
  record:"klass_schema"::VARCHAR AS "KLASS_SCHEMA",
  record:"app_version"::VARCHAR AS "APP_VERSION",
  TRY_TO_BOOLEAN(record:"app_disabled"::VARCHAR) AS "APP_DISABLED",
  record:"status"::VARCHAR AS "STATUS",
  record:"mixins" AS "MIXINS",
  record:"s3_data_url"::VARCHAR AS "S3_DATA_URL",
  run AS _run
FROM kustomer.klasses_lines;
CREATE OR REPLACE VIEW kustomer.klasses AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "ORG", "ORG_ID", "NAME", "DISPLAY_NAME", "DISPLAYNAME", "ICON", "COLOR", "KLASS_SCHEMA", "APP_VERSION", "APP_DISABLED", "STATUS", "MIXINS", "S3_DATA_URL"
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

CREATE TABLE IF NOT EXISTS kustomer.custom_attributes_lines (run BIGINT, record VARIANT);
CREATE OR REPLACE VIEW kustomer.custom_attributes_history AS
SELECT
  record:"id"::VARCHAR AS "ID",
  record:"type"::VARCHAR AS "TYPE",
  record:"links" AS "LINKS",
  TRY_TO_TIMESTAMP_TZ(record:"created_at"::VARCHAR) AS "CREATED_AT",
  TRY_TO_TIMESTAMP_TZ(record:"updated_at"::VARCHAR) AS "UPDATED_AT",
  TRY_TO_BOOLEAN(record:"deleted"::VARCHAR) AS "DELETED",
  TRY_TO_TIMESTAMP_TZ(record:"deleted_at"::VARCHAR) AS "DELETED_AT",
  record:"org" AS "ORG",
  record:"org"."id"::VARCHAR AS "ORG_ID",
  record:"properties" AS "PROPERTIES",
  run AS _run
FROM kustomer.custom_attributes_lines;
CREATE OR REPLACE VIEW kustomer.custom_attributes AS
SELECT "ID", "TYPE", "LINKS", "CREATED_AT", "UPDATED_AT", "DELETED", "DELETED_AT", "ORG", "ORG_ID", "PROPERTIES"
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
