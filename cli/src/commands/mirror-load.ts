import { basename } from 'node:path'
import type { RunCommand } from '../command-table/command-definition.ts'
import type { CommonOptions } from '../command-table/common-options.ts'
import type { HttpBody } from '../connection/http-connection.ts'
import { withApi } from '../connection/open-api.ts'
import { readNamedFile, readStandardInput } from '../input/read-input.ts'
import { watchJob } from '../jobs/watch-job.ts'
import type { CommandContext } from '../program/command-context.ts'
import { createMultipartBody } from '../publish/multipart-body.ts'

interface LoadOptions extends CommonOptions {
  readonly wait?: boolean
}

/** `terrace mirror load FILE`: the job's id goes to standard output. */
export const loadProviders: RunCommand<LoadOptions> = async (context, { arguments: [file = ''], options }) => {
  const raw = await readDefinition(context, file)
  await withApi(context, async (api) => {
    const { output } = context
    const { job_id } = await api.call('post', '/api/v1/admin/providers/upload', { action: `load providers by "${file}"`, raw })
    output.message(`Started job ${job_id}`)
    if (options.wait === true) return watchJob(api, output, job_id)
    if (output.settings.form === 'json') output.json({ job_id })
    else output.data(job_id)
    output.message(`Follow it with: terrace mirror status ${job_id} --watch`)
  })
}

/** A file goes with its name, so that the server's messages and the job's title name it. */
async function readDefinition(context: CommandContext, file: string): Promise<HttpBody & { readonly contentType: string }> {
  if (file === '-') {
    const text = Buffer.from(await readStandardInput(context, 'FILE'))
    return { contentType: 'text/plain; charset=utf-8', length: text.length, chunks: [text] }
  }
  const content = await readNamedFile(file, 'definition file')
  return createMultipartBody([{ name: 'file', filename: basename(file), content }])
}
