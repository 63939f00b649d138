module.exports = {
  oauthGuard: { issuer: process.env.ISSUER, audience: "https://api.example.com" },
  rateLimit: { limit: 5, window: "1m" },
};
