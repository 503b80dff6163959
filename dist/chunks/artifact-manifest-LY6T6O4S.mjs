import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{a,b}from"./chunk-S4NGOKA5.mjs";import"./chunk-WJT27BII.mjs";export{b as entryOf,a as manifestOf};
