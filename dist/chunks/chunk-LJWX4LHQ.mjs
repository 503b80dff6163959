import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
function s(t,r){let[n=""]=r.split(" - https://"),e=n.replace(/\s+/g," ").trim().slice(0,200).replace(/[\s.:]+$/,"");return t===0?"":` (${t}${e===""?"":`: ${e}`})`}export{s as a};
