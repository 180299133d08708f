import type { RunCommand } from '../../command-table/command-definition.ts'
import { withApi } from '../../connection/open-api.ts'
import { showFacts } from '../../output/show-facts.ts'
import { readSettings, type SettingsOptions } from './mirror-settings.ts'
import { describeMirror } from './show-mirror-facts.ts'

interface CreateOptions extends SettingsOptions {
  readonly upstream?: string
  readonly organization?: string
  readonly paused?: boolean
}

/** `terrace mirror create NAME` */
export const createMirror: RunCommand<CreateOptions> = async (context, { arguments: [name = ''], options }) => {
  const settings = readSettings(options)
  await withApi(context, async (api) => {
    const { upstream = 'registry.terraform.io', organization, paused = false } = options
    const body = { name, upstream, ...settings, ...(organization !== undefined && { organization }), enabled: !paused }
    const mirror = await api.call('post', '/api/v1/admin/mirrors', { action: `create mirror "${name}"`, body })
    showFacts(context.output, { facts: describeMirror(mirror), document: { ...mirror } })
    context.output.message(`Created mirror ${mirror.name}; see what it will bring with: terrace mirror plan ${mirror.name}`)
  })
}
