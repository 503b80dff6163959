import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
function t(){let n=Promise.resolve();return e=>{let r=n.then(e);return n=r.catch(()=>{}),r}}export{t as a};
