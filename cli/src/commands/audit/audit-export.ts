import { once } from 'node:events'
import { constants } from 'node:fs'
import { access, type FileHandle, open, rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CliError, EXIT } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { Api } from '../../connection/api.ts'
import { withApi } from '../../connection/open-api.ts'
import { describeFileError } from '../../input/read-input.ts'
import { countOf } from '../../output/format-amounts.ts'
import type { CommandContext } from '../../program/command-context.ts'
import { type AuditFilter, type AuditFilterOptions, readAuditFilter } from './audit-filter.ts'

interface ExportOptions extends AuditFilterOptions {
  readonly output?: string
  readonly force?: boolean
}

type Write = (piece: Buffer) => Promise<void>

const LINE_FEED = 0x0a

/** `terrace audit export` */
export const exportAudit: RunCommand<ExportOptions> = async (context, { options }) => {
  const filter = readAuditFilter(options)
  const { output: file, force = false } = options
  const path = file === undefined ? undefined : resolve(context.io.cwd, file)
  if (path !== undefined && !force) await refuseExisting(path, file)
  await withApi(context, async (api) => {
    const records =
      path === undefined ? await receive(api, filter, writeTo(context)) : await intoFile(path, (write) => receive(api, filter, write))
    context.output.message(`${countOf(records, 'record')} exported${file === undefined ? '' : ` to ${file}`}`)
  })
}

async function refuseExisting(path: string, file = path): Promise<void> {
  const isThere = await access(path, constants.F_OK).then(
    () => true,
    () => false,
  )
  if (!isThere) return
  throw new CliError(`Cannot export to "${file}": the file is there already`, {
    exitCode: EXIT.conflict,
    hint: 'Choose another name, or add --force',
  })
}

/** @returns the number of records. */
async function receive(api: Api, query: AuditFilter, write: Write): Promise<number> {
  let records = 0
  const take: Write = (piece) => {
    for (const byte of piece) if (byte === LINE_FEED) records += 1
    return write(piece)
  }
  const sink = { contentType: 'application/x-ndjson', write: take }
  await api.call('get', '/api/v1/audit/export', { action: 'export the audit', query, sink })
  return records
}

function writeTo({ io }: CommandContext): Write {
  return async (piece) => {
    if (!io.stdout.write(piece)) await once(io.stdout, 'drain')
  }
}

/** Under its name only when it is complete: half an export must not be taken for a whole one. */
async function intoFile(path: string, fill: (write: Write) => Promise<number>): Promise<number> {
  const partial = `${path}.partial`
  const handle = await onDisk(path, () => open(partial, 'w', 0o600))
  try {
    const records = await fill((piece) => onDisk(path, () => handle.appendFile(piece)))
    await onDisk(path, () => finish(handle, partial, path))
    return records
  } catch (error) {
    await handle.close()
    await rm(partial, { force: true })
    throw error
  }
}

async function finish(handle: FileHandle, partial: string, path: string): Promise<void> {
  await handle.sync()
  await handle.close()
  await rename(partial, path)
}

async function onDisk<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw cannotWrite(path, error as NodeJS.ErrnoException)
  }
}

function cannotWrite(path: string, cause: NodeJS.ErrnoException): CliError {
  return new CliError(`Cannot export to "${path}": ${describeFileError(cause)}`, { cause })
}
