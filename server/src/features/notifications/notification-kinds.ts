/** What notifications are about. Whoever sends the first of a kind adds it; a kind that nobody sends does not exist. */
export const NOTIFICATION_KINDS = {
  package_quarantined: 'A package of an upstream did not pass its verification.',
  signing_key_changed: 'A signing key was revoked by its owner, or its address gives something else than the pinned key.',
  signing_key_expiring: 'A signing key that is trusted ends within 60 days.',
  digest_changed: 'Other bytes came for a package that is held; it stays as it was.',
  mirror_run_failed: 'A run of a mirror failed, and the one before it did not.',
  approval_requested: 'Somebody asks for the approval of a provider or version.',
} as const satisfies Record<string, string>

/** The name of a kind. */
export type NotificationKind = keyof typeof NOTIFICATION_KINDS
