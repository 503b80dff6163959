import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
function u(r){if(r<1e3)return`${Math.round(r)} ms`;let n=Math.round(r/1e3);return n<120?`${n} s`:`${Math.floor(n/60)} min ${n%60} s`}function t(r){return String(r).replace(/\B(?=(\d{3})+(?!\d))/g,",")}function e(r,n){return`${t(r)} ${n}${r===1?"":"s"}`}export{u as a,t as b,e as c};
