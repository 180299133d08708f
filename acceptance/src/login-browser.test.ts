import { describe, expect, test } from 'vitest'
import { startChromium } from './harness/chromium.ts'
import { expectFailure, expectSuccess } from './harness/expect-client.ts'
import { REGISTRY, startWorld } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'
import { ADMIN } from './harness/terrace-server.ts'
import { keptCredentials, terraformLogin } from './harness/terraform-login.ts'

const isMissing = reportMissing('terraform') || reportMissing('chromium')

// Chromium holds redirects that answer a form to the page's form-action, and fills in Origin and Sec-Fetch-Site itself.
describe.skipIf(isMissing)('terraform login in Chromium', () => {
  test('is done with the keyboard alone, and the policy of the pages stands in the way of nothing', async () => {
    await using world = await startWorld()
    await using page = await startChromium(world.front)
    const place = world.workspace({ readsOwnCredentials: true })
    const login = async (decision: string) =>
      terraformLogin(world, place, async (address) => {
        await page.open(address.href)
        await page.waitFor(`document.title.startsWith('${decision === 'Allow' ? 'Sign in to' : 'Allow Terraform'}')`)
        if (decision === 'Allow') {
          await page.type(ADMIN.username)
          await page.press('Tab')
          await page.type(ADMIN.password)
          await page.press('Enter')
        }
        await page.waitFor(`document.title.startsWith('Allow Terraform to use ${REGISTRY}?')`)
        await page.tabTo(decision)
        await page.press('Enter')
        await page.waitFor(`location.host === '${new URL(address.searchParams.get('redirect_uri') ?? '').host}'`)
      })
    expectSuccess(await login('Allow'))
    expect(keptCredentials(place).tokens[REGISTRY]).toMatch(/^tfr_/)
    // The session is still there: the second time nobody asks who it is.
    expectFailure(await login('Refuse'), 'oauth2: "access_denied" "You refused the login"')
    expect(page.complaints.filter((text) => text.includes(REGISTRY))).toEqual([])
  }, 90_000)
})
