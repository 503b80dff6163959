import{an as e}from"./main-By8odzfv.mjs";const t={boolean:1,integer:2,number:4,"date-time":8,string:16,object:32,array:64,seen:128},n=t.seen-1,[r,i,a,o,s,c,l,u]=[34,45,46,48,57,58,84,90],d=new Uint8Array(256).fill(t.seen|t.number);for(let[e,n]of Object.entries({'"':t.string,"{":t.object,"[":t.array,n:0}))d[e.charCodeAt(0)]=t.seen|n;for(let e of`tf`)d[e.charCodeAt(0)]=t.seen|t.boolean;var f=class{kinds=0;inner;settled=new Uint8Array(256);constructor(e=null){this.inner=e}note(e,t,n){let r=this.kinds|p(e,t,n);if(r!==this.kinds){this.kinds=r;for(let[e,t]of d.entries())(r&t)===t&&(this.settled[e]=1)}}};function p(e,n,i){switch(e[n]){case r:return t.seen|(h(e,n+1,i-1)?t[`date-time`]:t.string);case 123:return t.seen|t.object;case 91:return t.seen|t.array;case 116:case 102:return t.seen|t.boolean;case 110:return t.seen;default:return t.seen|(m(e,n,i)?t.integer:t.number)}}function m(e,t,n){for(let r=t;r<n;r++){let t=e[r];if(t===a||t>s)return!1}return!0}function h(e,t,n){return n-t<20||n-t>35||e[t+4]!==i||e[t+7]!==i||e[t+10]!==l||e[t+13]!==c||e[t+16]!==c||e[n-1]!==u&&(e[n-3]!==c||n-t<25)?!1:(g(e,t)|g(e,t+2)|g(e,t+5)|g(e,t+8)|g(e,t+11)|g(e,t+14)|g(e,t+17))<16}function g(e,t){let n=e[t]^o,r=e[t+1]^o;return n|n+6|r|r+6}const _={str:t.string,time:t[`date-time`],int:t.integer,num:t.number|t.integer,bool:t.boolean,obj:t.object,list:t.array,any:n,id:t.string,ids:t.array,">":t.object,">>":t.array},v=b(`
# * | OpenAPI, Meltano tap, Singer tap | Columns of many streams.
id str Id of the record; the key of the stream.
type str Kind of the record, as the API calls it.
links obj Where the record is in the API.
created_at time When the record was created.
updated_at time When the record last changed in any way; the cursor of the stream.
deleted bool Whether the record is deleted.
deleted_at time When the record was deleted, where that is known.
modified_at time When somebody last edited the record; often absent.
imported_at time When the record was imported, if it was.
rev int Number of the revision; grows with every write.
external_id str Id of the record in another system.
default_lang str Language to assume when none is known.
lang str Language of the text.
locale str Locale, such as en_US.
tags ids:tags Ids of the tags.
custom obj Custom attributes; the end of each name says its type.
role_group_versions list Role groups that restrict who sees the record.
access_override list Users who see the record all the same.
sentiment obj Polarity and confidence of the estimated sentiment.
org >orgs The organization.
created_by >users Who created the record.
modified_by >users Who last edited the record.
deleted_by >users Who deleted the record.
customer >customers The customer the record belongs to.
conversation >conversations The conversation the record belongs to.
company >companies The company the record belongs to.
queue >queues The queue that routes the record.
sla_version >sla_versions The version of the SLA that applies.

# conversations | OpenAPI, Meltano tap, Singer tap, AWS | A conversation with one customer, over any channels.
+ id type links created_at updated_at deleted deleted_at modified_at imported_at rev external_id default_lang locale tags
+ custom role_group_versions access_override sentiment org created_by modified_by customer queue sla_version
name str Name, often the subject of the first message.
preview str Beginning of the first message.
channels list Channels of its messages.
status str Status: open, snoozed or done.
open obj Since when it is open.
snooze obj Status and time of the snooze.
priority int Priority from 1 to 5.
direction str Direction of the first message: in or out.
phase str Phase of its life.
message_count int Number of messages.
note_count int Number of notes.
outbound_message_count int Number of messages to the customer.
inbound_message_count int Number of messages from the customer.
done_count int How often it was done.
reopen_count int How often it was reopened.
reopen_from_done_count int How often it was reopened after it was done.
snooze_count int How often it was snoozed.
satisfaction int Score of the satisfaction survey.
satisfaction_level obj Satisfaction survey: answers, score, rating and times.
last_activity_at time Time of the last activity.
last_received_at time Time of the last message received.
last_message_at time Time of the last message.
last_message_direction str Direction of the last message: in or out.
spam bool Whether it is spam.
ended bool Whether it has ended.
ended_at time When it ended.
ended_reason str Why it ended.
ended_by_type str Kind of who ended it.
suggested_tags list Tags that Kustomer suggests.
suggested_shortcuts ids:shortcuts Ids of the shortcuts that Kustomer suggests.
predictions list Predictions of Kustomer's models.
first_message_in obj First message from the customer.
first_message_out obj First message to the customer.
last_message_in obj Last message from the customer.
last_message_out obj Last message to the customer.
last_message_unresponded_to obj Last message without a response.
last_message_unresponded_to_since_last_done obj Last message without a response since it was done.
assigned_users ids:users Ids of the users assigned, at most 10.
assigned_teams ids:teams Ids of the teams assigned, at most 10.
first_company obj Company of the customer at the beginning.
first_response obj First response: who, when, after which time.
first_response_since_last_done obj First response since it was last done.
last_response obj Last response: who, when, after which time.
first_done obj How it was first done: who, when, counts until then.
last_done obj How it was last done: who, when, counts until then.
total_open obj Time it was open, in all and in business hours.
total_done obj Time it was done, in all and in business hours.
total_snooze obj Time it was snoozed, in all and in business hours.
modification_history obj When each of its fields was last edited.
assistant obj What the assistant (chatbot) did.
matched_time_based_rules list Time-based rules that matched.
reply_channel str Channel to reply over.
external_queue any Queue in another system.
sla obj Status of the SLA: version, metrics, breaches.
attribution obj Revenue attributed to it.
skills list Ids of the skills it asks for.
last_deflection obj Last deflection to self-service.
linked_conversations ids:conversations Ids of the conversations linked with it.
merged_target bool Whether others were merged into it.
pinned bool Whether it is pinned.
brand >brands The brand it belongs to.
ended_by >users Who ended it.
pinned_by >users Who pinned it.
sla_data >slas The SLA that applies; called so since the attribute has the name sla.
sub_status >sub_statuses The status within the status.

# customers | Singer tap, Meltano tap, OpenAPI, AWS | A customer.
+ id type links created_at updated_at deleted deleted_at modified_at imported_at rev external_id default_lang locale
+ custom role_group_versions access_override sentiment org created_by modified_by company sla_version
name str Name.
display_name str Name to show.
display_color str Color of the icon.
display_icon str Icon.
first_name str First name.
last_name str Last name.
username str Name of the account.
avatar_url str Address of the picture.
company_name str Name of the company, as text.
external_ids list Ids in other systems.
shared_external_ids list Ids in other systems that others have, too.
emails list Email addresses with type and verification, at most 10.
shared_emails list Email addresses that others have, too.
phones list Phone numbers with type and verification, at most 10.
shared_phones list Phone numbers that others have, too.
whatsapps list WhatsApp numbers.
shared_whatsapps list WhatsApp numbers that others have, too.
facebook_ids list Accounts at Facebook.
instagram_ids list Accounts at Instagram.
smooch_ids list Accounts at Smooch.
socials list Accounts at social networks.
shared_socials list Accounts at social networks that others have, too.
urls list Web addresses.
locations list Addresses.
active_users list Users who look at the customer.
watchers ids:users Ids of the users who watch the customer.
recent_location obj Last location, estimated.
time_zone str Time zone.
birthday_at str Birthday; a date, or a date with a time.
gender str Gender: m or f.
presence str Presence: online or offline.
signed_up_at time When the customer signed up.
last_seen_at time When the customer was last seen.
last_activity_at time Time of the last activity.
last_customer_activity_at time Time of the customer's last activity.
last_message_at time Time of the last message.
last_message_in obj Last message from the customer.
last_message_out obj Last message to the customer.
last_message_unresponded_to obj Last message without a response.
last_conversation obj Last conversation: id, channels, tags, sentiment.
conversation_counts obj Number of conversations, by status and in all.
preview obj Beginning of the last message.
tags list Tags, as text.
progressive_status str Open if any conversation is, else snoozed, else done.
satisfaction_level obj First and last satisfaction survey, and averages.
verified bool Whether the customer's identity is verified.
recent_items list Records that the customer had to do with lately.
unmasking_window obj Until when masked values show.
sla obj Status of the SLA of the open conversations.
sla_data >slas The SLA that applies; called so since the attribute has the name sla.

# kobjects | OpenAPI, Meltano tap | A KObject: a record of a kind (klass) that the organization has defined.
+ id type links created_at updated_at deleted deleted_at modified_at imported_at rev external_id custom
+ role_group_versions org created_by modified_by customer company queue
title str Title, at most 256 characters.
description str Description, at most 10,240 characters.
icon str Icon.
images list Addresses of images, at most 20.
data obj Free-form data.
tags list Tags, as text, at most 20.
klass_display_name str Name of the klass to show.
klass_mixins list What the klass can do, such as assignable.
s3_data_url str Where the data is when it is large.
attribution obj Revenue attributed to it.
status str Status of an assignable one: open or done.
assigned_user id:users Id of the user assigned.
assigned_team id:teams Id of the team assigned. {Fivetran}
first_done obj How it was first done.
last_done obj How it was last done.
done_count int How often it was done.
reopen_count int How often it was reopened.
reopen_from_done_count int How often it was reopened after it was done.
klass >klasses The klass; its id is the name of the klass.

# messages | Meltano tap, OpenAPI, AWS | A message of a conversation.
+ id type links created_at updated_at deleted deleted_at modified_at imported_at rev external_id lang custom
+ sentiment org created_by modified_by customer conversation
channel str Channel, such as email, chat, sms or voice.
app str App that sent or received it.
size int Size in bytes.
direction str Direction: in or out.
direction_type str Direction and place: initial, response or followup, in or out.
preview str The text; the API has no other field for it.
subject str Subject.
meta obj What the channel knows of it: from, to, cc and more.
status str Status: sent, received or error.
error_at time When sending failed.
response_time int Time until this response, in milliseconds.
response_business_time int Time until this response in business hours, in milliseconds.
assigned_teams ids:teams Ids of the teams assigned to the conversation then.
assigned_users ids:users Ids of the users assigned to the conversation then.
created_by_teams ids:teams Ids of the teams of the author.
auto bool Whether it was sent automatically.
source str What sent it, such as bulk or satisfaction.
sent_at time When it was sent.
redacted bool Whether its content was removed.
redacted_at time When its content was removed.
reactions list Reactions.
first_delivered obj When it was first delivered.
first_read obj When it was first read.
intent_detections list Intents that were detected.
location obj Where it was written.
shortcuts >>shortcuts The shortcuts used in it.
attachments >>attachments The attachments.
kb_articles >>kb_articles The articles linked in it.

# notes | Singer tap, Meltano tap, docs | A note that users wrote on a customer or conversation.
+ id type links created_at updated_at deleted deleted_at modified_at imported_at external_id lang
+ org created_by modified_by deleted_by customer conversation
body str Text, at most 10,240 characters.
created_by_teams ids:teams Ids of the teams of the author.
user_mentions >>users Users and teams mentioned, at most 20.

# companies | Meltano tap, AWS | A company that customers belong to.
+ id type links created_at updated_at deleted deleted_at modified_at imported_at rev external_id default_lang
+ custom role_group_versions org created_by modified_by
name str Name.
tags list Tags, as text.
domains list Web domains.
emails list Email addresses.
phones list Phone numbers.
whatsapps list WhatsApp numbers.
socials list Accounts at social networks.
urls list Web addresses.
locations list Addresses.

# work_sessions | Fivetran | A session of a user who takes routed work.
+ id type links created_at updated_at deleted deleted_at rev org
active bool Whether the session goes on.
status_type str Status of the user: available, busy, unavailable or offline.
capacity_status str Whether the user can take more: open or full.
capacity_remaining int How much the user can still take.
handled_conversation_count int Number of conversations handled.
handled_item_count int Number of items handled.
has_pending_item bool Whether an item waits for the user.
has_skills bool Whether the user has skills.
paused_work_item_count int Number of items paused.
routable bool Whether work is routed to the user.
signed_in_at time When the user signed in.
signed_out_at time When the user signed out.
idle_since time Since when the user has had no work.
last_assigned_item_at time When an item was last assigned.
total_available obj Time the user was available, in all and in business hours.
user >users Who worked.
team >teams The team of the user.
queues >>queues The queues that the user served.

# work_items | Fivetran | A routed piece of work.
+ id type links created_at updated_at deleted deleted_at rev org customer conversation queue
status str Status, such as queued, routed, assigned or completed.
queued_count int How often it was queued.
resource_type str Kind of the record that it is about, such as conversation.
resource obj The record that it is about, as it was then.
priority int Priority.
item_size int How much of a user's capacity it takes.
handle obj How it was handled: when and how long.
wrap_up obj Wrap-up: how long.
abandoned obj How it was abandoned.
last_revision obj Its last revision.
assigned_to >users The user assigned.

# conversation_times | OpenAPI | Time that a user spent on a conversation.
+ id type links created_at updated_at deleted deleted_at org created_by customer conversation
handle_at time When the time began.
handle_time int How long, in milliseconds.
message_at time When the message was sent.
message_time int How long the message took, in milliseconds.
channels list Channels of the conversation.
assigned_users ids:users Ids of the users assigned to the conversation then.
assigned_teams ids:teams Ids of the teams assigned to the conversation then.
created_by_teams ids:teams Ids of the teams of who spent it.
user >users Who spent it.

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
`);function y(t){return e.some(({name:e,kind:n})=>e===t&&n===`list`)}function b(e){let t=new Map,n=new Map,r=new Map,i=``;for(let a of e.split(`
`)){let[e=``,...o]=a.split(` `);if(e===`#`){let[e=``,o=``,s=``]=a.slice(2).split(` | `);r=new Map,i=o,e===`*`?n=r:t.set(e,{stream:e,text:s,columns:r})}else if(e===`+`)for(let e of o)r.set(e,{...n.get(e),sources:i});else e!==``&&r.set(e,x(a,i))}return t}function x(e,t){let[,n=``,r=``,i,a=``,o=t]=/^(\w+) (>{0,2}|[a-z]+)(?::?(?<=[:>])(\w+))? (.*?)(?: \{(.+)\})?$/.exec(e)??[],s=_[r];if(s===void 0)throw Error(`no column: ${e}`);return{name:n,kinds:s,text:a,sources:o,isRelationship:r.startsWith(`>`),...i&&{joins:i}}}const S={str:t.string,txt:t.string,num:t.number|t.integer,at:t[`date-time`],bool:t.boolean,url:t.string,id:t.string,tree:t.string},C={...S,string:t.string,text:t.string,uri:t.string,number:t.number|t.integer,date:t[`date-time`],datetime:t[`date-time`],"date-time":t[`date-time`],boolean:t.boolean};function w({type:e,isList:n}){if(n)return t.array;let r=e.toLowerCase();return Object.hasOwn(C,r)?C[r]:0}function T(e,t){let[n=``]=/(?:(?<=_)[a-z]+|[A-Z][a-z]+)$/.exec(e)??[],r=n.toLowerCase();return t?.kinds.get(e)??(Object.hasOwn(S,r)?S[r]:0)}function E(e){return e.replace(/_([a-z0-9])/g,(e,t)=>t.toUpperCase())}function D({name:e,isRelationship:t},n){return n===`flat`||/^(?:id|type|links)$/.test(e)?{in:``,key:e}:t?{in:`relationships`,key:E(e.replace(/_data$/,``))}:{in:`attributes`,key:E(e)}}export{D as a,f as c,y as i,p as l,T as n,n as o,w as r,t as s,v as t};