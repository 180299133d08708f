import { describe, expect, test } from 'vitest'
import { DIALECTS, openTestDatabase } from '../../../testing/dialects.ts'
import { prepareQuery } from './prepared-query.ts'

describe.each(DIALECTS)('prepared queries on %s', (dialect) => {
  test('are built once and answer each value with its own rows', async () => {
    const { db } = await openTestDatabase(dialect)
    let built = 0
    const findUsers = prepareQuery((database, username) => {
      built += 1
      return database.selectFrom('users').select(['id', 'passwordHash']).where('username', '=', username).where('disabledAt', 'is', null)
    })
    const user = { scopes: '[]', createdAt: 1, disabledAt: null }
    for (const name of ['ann', 'bob'])
      await db
        .insertInto('users')
        .values({ ...user, id: name, username: name, passwordHash: `#${name}` })
        .execute()
    const found = await Promise.all(['ann', 'bob', 'nobody', 'ann'].map((name) => findUsers(db, name)))
    const [ann, bob] = [
      { id: 'ann', passwordHash: '#ann' },
      { id: 'bob', passwordHash: '#bob' },
    ]
    expect(found).toEqual([[ann], [bob], [], [ann]])
    expect(built).toBe(1)
  })

  test('belong to their database', async () => {
    const [one, two] = [await openTestDatabase(dialect), await openTestDatabase(dialect)]
    const findUsers = prepareQuery((database, username) => database.selectFrom('users').select('id').where('username', '=', username))
    const user = { scopes: '[]', createdAt: 1, disabledAt: null, id: 'ann', username: 'ann', passwordHash: '#' }
    await one.db.insertInto('users').values(user).execute()
    expect([await findUsers(one.db, 'ann'), await findUsers(two.db, 'ann')]).toEqual([[{ id: 'ann' }], []])
  })
})
