import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import type { Api } from '../../connection/api.ts'
import { withApi } from '../../connection/open-api.ts'
import { countOf } from '../../output/format-amounts.ts'

/** What was done, for people and for `--json`. */
interface Done {
  readonly text: string
  readonly document: Readonly<Record<string, unknown>>
}

/** `terrace mirror pause|resume|cancel MIRROR` */
export const MIRROR_CONTROLS: Readonly<Record<'pause' | 'resume' | 'cancel', RunCommand<CommonOptions>>> = {
  pause: controlled(async (api, id) => {
    const { cancelled } = await api.call('post', '/api/v1/admin/mirrors/{id}/pause', { action: `pause mirror "${id}"`, params: { id } })
    const stopped = cancelled === 0 ? '' : `, and stopped ${countOf(cancelled, 'item')} of its run`
    return { text: `Paused mirror ${id}${stopped}; go on with: terrace mirror resume ${id}`, document: { paused: true, cancelled } }
  }),
  resume: controlled(async (api, id) => {
    await api.call('post', '/api/v1/admin/mirrors/{id}/resume', { action: `resume mirror "${id}"`, params: { id } })
    return { text: `Mirror ${id} is back in the schedule`, document: { paused: false } }
  }),
  cancel: controlled(async (api, id) => {
    const { cancelled } = await api.call('post', '/api/v1/admin/mirrors/{id}/cancel', {
      action: `cancel the run of mirror "${id}"`,
      params: { id },
    })
    return { text: `Stopped ${countOf(cancelled, 'item')}; what was brought stays`, document: { cancelled } }
  }),
}

function controlled(run: (api: Api, id: string) => Promise<Done>): RunCommand<CommonOptions> {
  return (context, { arguments: [id = ''] }) =>
    withApi(context, async (api) => {
      const { text, document } = await run(api, id)
      if (context.output.settings.form === 'json') context.output.json({ mirror: id, ...document })
      context.output.message(text)
    })
}
