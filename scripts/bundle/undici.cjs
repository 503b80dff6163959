'use strict';
// What the bundle calls `undici`: the three agents that are used, of the one undici at the top of node_modules, and fetch,
// once it is called. Its index would bring websockets, mocks and caches along, which cost half a megabyte and a good part of
// the start-up time.
const Dispatcher = require('../../node_modules/undici/lib/dispatcher/dispatcher.js');
Dispatcher.prototype.request = require('../../node_modules/undici/lib/api/api-request.js');
// A tunnel through a proxy is opened by it.
Dispatcher.prototype.connect = require('../../node_modules/undici/lib/api/api-connect.js');

exports.Agent = require('../../node_modules/undici/lib/dispatcher/agent.js');
exports.ProxyAgent = require('../../node_modules/undici/lib/dispatcher/proxy-agent.js');
exports.EnvHttpProxyAgent = require('../../node_modules/undici/lib/dispatcher/env-http-proxy-agent.js');
exports.fetch = (...given) => require('../../node_modules/undici/lib/web/fetch/index.js').fetch(...given);
