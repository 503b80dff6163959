import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{a,b,c,d,e,f}from"./chunk-YS3LQLBO.mjs";import"./chunk-NABDB33I.mjs";import"./chunk-HWGKHLRV.mjs";import"./chunk-KR76GBG6.mjs";import"./chunk-WJT27BII.mjs";export{b as cacheTrouble,a as keyPrefix,d as newerThan,e as notHandedOver,c as restore,f as save};
