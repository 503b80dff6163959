import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
var s="kustomer-sync/0.1.0";export{s as a};
