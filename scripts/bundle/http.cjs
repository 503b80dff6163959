'use strict';
// What the bundle calls `node:http`. An `import` of it reads each of its exports, and for one of them, WebSocket, Node loads
// its own fetch: 20 ms of each start, for nothing.
module.exports = process.getBuiltinModule('node:http');
