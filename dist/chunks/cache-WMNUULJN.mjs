import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{a,b,c,d}from"./chunk-TVFKNTMP.mjs";import"./chunk-NABDB33I.mjs";import"./chunk-W6ZV7UII.mjs";import"./chunk-WJT27BII.mjs";export{a as keyPrefix,b as requireCache,c as restore,d as save};
