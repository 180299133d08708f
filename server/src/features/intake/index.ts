/**
 * Intake: how finished files become stored objects that a row makes visible, whatever they hold.
 *
 * Whoever brings an object first takes a claim on its key: a row with a fencing token and a lease by the database's clock,
 * renewed while the work goes on. With the claim held, the object is put create-only, and one transaction gives the claim back,
 * writes the rows and bumps the catalog revision.
 *
 * Invariants:
 * - Nothing is visible before its bytes are durable (P1); after the commit it stays (P2).
 * - One object is brought by one holder at a time, over all replicas (P6); a holder that was too slow commits nothing.
 * - An object that no row owns is a leftover: it gives way to the next holder of its claim, and the sweeper removes it.
 *
 * A crash leaves at most an object without a row and a claim that runs out. Source: reliability.md section 7.
 */
export { type ObjectClaims, withObjectClaims } from './claim-objects.ts'
export { type FileToStore, storeObjects } from './store-objects.ts'
export { type ObjectOwner, removeUnownedObject, sweepOrphanObjects } from './sweep-orphan-objects.ts'
