import { usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import { withApi } from '../../connection/open-api.ts'
import { showFacts } from '../../output/show-facts.ts'
import { readSettings, type SettingsOptions } from './mirror-settings.ts'
import { describeMirror } from './show-mirror-facts.ts'

/** `terrace mirror edit MIRROR` */
export const editMirror: RunCommand<SettingsOptions> = async (context, { arguments: [id = ''], options }) => {
  const body = readSettings(options)
  if (Object.keys(body).length === 0) throw usageError(`Cannot edit mirror "${id}": nothing to change was named`)
  await withApi(context, async (api) => {
    const mirror = await api.call('patch', '/api/v1/admin/mirrors/{id}', { action: `edit mirror "${id}"`, params: { id }, body })
    showFacts(context.output, { facts: describeMirror(mirror), document: { ...mirror } })
    context.output.message(`Changed mirror ${mirror.name}`)
  })
}
