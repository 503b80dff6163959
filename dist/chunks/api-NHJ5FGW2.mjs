import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{a,b}from"./chunk-RCG2HTHX.mjs";import"./chunk-45DWIFGY.mjs";import"./chunk-2V67B2SX.mjs";import"./chunk-WJT27BII.mjs";export{a as Refused,b as openApi};
