import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{e as n}from"./chunk-DLFXKZSR.mjs";function t(r,o){let e=n([o.replace(/[\s.:]* - https:\/\/.*|[\s.:]+$/s,"")],[],!1);return r===0?"":` (${r}${e===""?"":`: ${e}`})`}export{t as a};
