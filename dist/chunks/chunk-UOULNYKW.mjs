import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{b as e}from"./chunk-WJT27BII.mjs";var s=e((o,t)=>{"use strict";t.exports=process.getBuiltinModule("node:http")});export{s as a};
