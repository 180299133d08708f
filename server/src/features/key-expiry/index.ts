/**
 * Warnings before API keys end, by mail to their owners.
 *
 * Invariants:
 * - One letter for each key and end, over all replicas and restarts: it is put into the outbox in the transaction that marks the key.
 *   The outbox (`base/mail`) sends it, and tries again what failed.
 * - Letters go out over TLS 1.2 or later, or not at all (`base/mail`).
 * - Keys without an owner, owners without an address and disabled owners get none. No letter holds a secret.
 *
 * State: `api_keys.expiry_notification_sent_at`, `mails`.
 */
export { type KeyExpiryDeps, warnAboutExpiry } from './warn-about-expiry.ts'
