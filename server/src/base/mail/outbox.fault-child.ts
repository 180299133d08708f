/**
 * A process that sends the letters of a database, for tests that kill it in the middle.
 *
 * Usage: node outbox.fault-child.ts OPTIONS-OF-THE-DATABASE-AS-JSON OPTIONS-OF-THE-MAILER-AS-JSON LEASE-MS
 */
import { type OpenDatabaseOptions, openDatabase } from '../database/open-database.ts'
import { createLogger } from '../logger.ts'
import type { MailerOptions } from './mailer.ts'
import { deliverMails } from './outbox.ts'

const [options = '', smtp = '', leaseMs = ''] = process.argv.slice(2)
const database = openDatabase(JSON.parse(options) as OpenDatabaseOptions)
const logger = createLogger({ level: 'error', format: 'json', output: 'stdout', filePath: '' }, [{ write: () => undefined }])
const config = { notifications: { smtp: JSON.parse(smtp) as MailerOptions } }
await deliverMails({ database, logger, config }, { leaseMs: Number(leaseMs) })
await database.close()
