import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{a,b}from"./chunk-YEVRNJOH.mjs";import"./chunk-UN3NMBFV.mjs";import"./chunk-FA767KB3.mjs";import"./chunk-WZIFJZP6.mjs";import"./chunk-TRNHDVO7.mjs";import"./chunk-45DWIFGY.mjs";import"./chunk-WJT27BII.mjs";export{b as deliver,a as readBranch};
