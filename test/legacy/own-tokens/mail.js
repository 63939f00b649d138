// Stands in for the SMTP server: the mails that were sent.
const outbox = [];
module.exports = { outbox, send: (to, subject, text) => outbox.push({ to, subject, text }) };
