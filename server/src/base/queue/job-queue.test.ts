import { DIALECTS } from '../../testing/dialects.ts'
import { jobQueueContract } from './job-queue.contract.ts'

for (const dialect of DIALECTS) jobQueueContract(dialect)
