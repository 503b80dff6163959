import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
function r(){let e=Promise.resolve();return n=>{let t=e.then(n);return e=t.catch(()=>{}),t}}export{r as a};
