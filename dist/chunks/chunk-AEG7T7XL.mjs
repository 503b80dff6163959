import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{h as e,j as i,k as n,l as r}from"./chunk-5HK6VQTT.mjs";var t={info:r,debug:e,warning:o=>i(o),notice:o=>n(o)};export{t as a};
