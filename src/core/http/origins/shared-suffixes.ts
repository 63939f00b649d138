/** Domains whose direct subdomains belong to different customers. */
const SHARED = new Set(
  `amplifyapp.com azure-api.net azureedge.net azurefd.net b-cdn.net blogspot.com bolt.host cloudfront.net codesandbox.io csb.app
  deno.dev edgecompute.app eu.org edgeone.app firebaseapp.com fly.dev framer.app framer.website github.dev github.io gitlab.io
  gitpod.io glitch.me herokuapp.com hf.space kinsta.app koyeb.app lhr.life loca.lt lovable.app myshopify.com
  netlify.app ngrok.app ngrok.dev ngrok.io ngrok-free.app ngrok-free.dev ondigitalocean.app onrender.com pages.dev
  railway.app up.railway.app readthedocs.io repl.co replit.app stackblitz.io streamlit.app supabase.co surge.sh
  trycloudflare.com v0.app val.run vercel.app vercel.dev web.app webcontainer.io webflow.io weebly.com wixsite.com
  wordpress.com workers.dev`.split(/\s+/),
);

/** Domains that are shared at several depths, by region or service: everything below them counts. */
const SHARED_BELOW =
  `amazonaws.com app.github.dev appspot.com azurecontainerapps.io azurestaticapps.net azurewebsites.net cloudapp.azure.com
  cloudapp.net cloudfunctions.net devtunnels.ms digitaloceanspaces.com elasticbeanstalk.com googleusercontent.com nip.io
  on.aws replit.dev run.app sslip.io translate.goog windows.net`.split(/\s+/);

/** Second-level registries under country codes, as in `co.uk`. */
const COUNTRY_REGISTRY = /^(?:ac|co|com|edu|go|gob|gov|mil|ne|net|or|org)\.[a-z]{2}$/;

/**
 * Whether anybody can get a subdomain of this domain: a top-level domain, a country's registry, or a well-known
 * hosting service. It is a list of the frequent ones, not the whole Public Suffix List.
 */
export function isSharedSuffix(domain: string): boolean {
  if (!domain.includes(".") || COUNTRY_REGISTRY.test(domain) || SHARED.has(domain)) return true;
  return SHARED_BELOW.some((suffix) => domain === suffix || domain.endsWith(`.${suffix}`));
}
