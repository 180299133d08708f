/**
 * Orphan privileges: rights that outlive the reason they were given for.
 *
 * Foreign keys see to it that nothing belongs to a user, organisation, role or rule that is gone. What can be left is found here: rights
 * that a disabled user or rule should not have any more (`live`), and rights that count for nothing now and would come back with their
 * owner (`dormant`). Nothing is repaired: an administrator decides. Source: reliability.md row 27.
 *
 * Invariants:
 * - A report is one audit record, and only when something has changed since the report before, over all replicas.
 * - What is looked at is bounded; counts are exact, names are some of them.
 *
 * State: none of its own; the last report is the last record of its action in the audit.
 */
export { describeOrphans, findOrphanPrivileges, type OrphanPrivileges } from './find-orphan-privileges.ts'
export { reportOrphanPrivileges } from './report-orphan-privileges.ts'
