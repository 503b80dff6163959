'use strict';
// What undici calls its client of HTTP/2: loaded, with Node's own HTTP/2, when a server is connected to that speaks it.
module.exports = (...given) => require('../../node_modules/undici/lib/dispatcher/client-h2.js')(...given);
