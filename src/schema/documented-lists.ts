// The documented columns of the streams that are read through a list, as documented-search.ts has those of the others.

export const DOCUMENTED_LISTS = `
# shortcuts | Meltano tap, Singer tap, docs | A prepared text that users insert.
+ id type links created_at updated_at deleted deleted_at modified_at rev org created_by modified_by
name str Name.
draft obj The text, in Markdown with placeholders.
conversation obj What it sets on the conversation: name, tags, custom attributes.
payload obj The text, as the editor keeps it.
is_private bool Whether only some may use it.
app_disabled bool Whether its app is disabled.
parent >shortcut_categories The category.
access_users >>users The users who may use it.
access_teams >>teams The teams that may use it.
attachments >>attachments The attachments.

# tags | Singer tap, Meltano tap | A tag of conversations.
+ id type links created_at updated_at deleted deleted_at modified_at org created_by modified_by deleted_by
name str Name.
color str Color.

# teams | docs, Meltano tap, Singer tap | A team of users.
+ id type links created_at updated_at deleted deleted_at modified_at imported_at external_id
+ org created_by modified_by deleted_by
name str Name, at most 256 characters.
display_name str Name to show.
icon str Icon.
members ids:users Ids of the members.
role_groups list Ids of the role groups.

# users | OpenAPI, Meltano tap, Singer tap | A person or machine that works with Kustomer.
+ id type links created_at updated_at deleted deleted_at modified_at org created_by modified_by
display_name str Name to show.
name str Name.
user_type str Kind: user, machine or limited.
email str Email address.
email_verified_at time When the email address was verified.
first_email_verified_at time When an email address was first verified.
mobile str Phone number.
email_signature str Signature, in HTML.
avatar_url str Address of the picture.
password obj Rules for the password, never the password.
verified_email_status str Status of the verification.
is_email_valid bool Whether the email address is valid.
role_groups list Ids of the role groups.
roles list Roles.
first_login_at time Time of the first login.
most_recent_login_at time Time of the last login.

# queues | Meltano tap | A queue that routes work to teams.
+ id type links created_at updated_at deleted deleted_at modified_at org created_by modified_by
name str Name.
display_name str Name to show.
description str Description.
key str Key, for use in rules.
priority int Priority.
item_size int How much of a user's capacity an item takes.
restrict_transfers_by_users bool Whether users may not move items elsewhere.
settings obj Settings of the routing.
system bool Whether Kustomer made it.

# brands | Meltano tap, AWS | A brand of the organization.
+ id type links created_at updated_at deleted deleted_at modified_at org created_by modified_by
name str Name.
default bool Whether it is the brand of what has none.
icon_url str Address of the icon.

# slas | Meltano tap, OpenAPI | A service level agreement, or a version of one: type says which.
+ id type links created_at updated_at deleted deleted_at org created_by
current_version int Number of the version that holds.
versions >>slas The versions of an agreement.
name str Name of a version.
description str Description of a version.
version int Number of a version.
hours str Which hours a version counts, such as business.
metrics obj What a version measures, and its limits in seconds by priority.
criteria obj Which conversations a version is for.
sla >slas The agreement of a version.

# business_schedules | OpenAPI | Business hours.
+ id type links created_at updated_at deleted deleted_at modified_at org created_by modified_by
name str Name.
hours obj Hours of each day of the week, in minutes since midnight.
timezone str Time zone.
default bool Whether it is the schedule of what has none.
holidays list Days without business hours.

# klasses | OpenAPI | A kind of KObject; a relation of kobjects leads to its name.
+ id type links created_at updated_at deleted deleted_at org
name str Name, unique and unchangeable.
display_name str Name to show.
displayname str Name to show, as some records spell it.
icon str Icon.
color str Color.
klass_schema str Schema the klass builds on, such as task.
app_version str Version of the app that made it.
app_disabled bool Whether its app is disabled.
status str Status: enabled, existing_only or disabled.
mixins list What its KObjects can be: commentable, assignable, editable, creatable.
s3_data_url str Where the data is when it is large.

# custom_attributes | OpenAPI, Meltano tap | The definitions of the custom attributes of a kind of record, which is the id.
+ id type links created_at updated_at deleted deleted_at org
properties obj Definition of each attribute: name to show, type, whether a list, target.
`;
