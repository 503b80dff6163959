import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{a,b}from"./chunk-KN4ZYQD2.mjs";import"./chunk-TMQ625D5.mjs";import"./chunk-HHLJWSCN.mjs";import"./chunk-WJT27BII.mjs";export{b as schemasAt,a as withSchemas};
