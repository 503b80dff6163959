import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{a,b}from"./chunk-DYRMW5AW.mjs";import"./chunk-E6N4RSRP.mjs";import"./chunk-2V67B2SX.mjs";import"./chunk-HWGKHLRV.mjs";import"./chunk-WJT27BII.mjs";export{a as Refused,b as openApi};
