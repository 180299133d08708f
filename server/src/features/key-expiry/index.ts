/**
 * Warnings before API keys end, by mail to their owners.
 *
 * Invariants:
 * - One letter for each key and end, over all replicas and restarts; one that was not sent is tried again.
 * - Letters go out over TLS 1.2 or later, or not at all (`base/mail`).
 * - Keys without an owner, owners without an address and disabled owners get none. No letter holds a secret.
 *
 * State: `api_keys.expiry_notification_sent_at`.
 */
export { type KeyExpiryDeps, type WarningRound, warnAboutExpiry } from './warn-about-expiry.ts'
