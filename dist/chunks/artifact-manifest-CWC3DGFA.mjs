import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{a,b}from"./chunk-GQNA2K2I.mjs";import"./chunk-WJT27BII.mjs";export{a as manifestOf,b as openZip};
