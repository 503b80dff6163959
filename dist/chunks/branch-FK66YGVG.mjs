import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{a,b}from"./chunk-BTSTWXKX.mjs";import"./chunk-D3D4XTCK.mjs";import"./chunk-MLA4SJB4.mjs";import"./chunk-LWZNB5SS.mjs";import"./chunk-FA767KB3.mjs";import"./chunk-2V67B2SX.mjs";import"./chunk-WZIFJZP6.mjs";import"./chunk-WJT27BII.mjs";export{b as deliver,a as readBranch};
